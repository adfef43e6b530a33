import Bytes
internal import CCurl

extension StreamTransfer {
    /// Tells curl the request's head, and to add nothing of its own to it.
    func prepare(_ request: StreamRequest, origin: Origin, parsed: ParsedOrigin?, _ settings: UpstreamSettings) {
        if easy.origin == nil {
            _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
            _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, settings.connectTimeout))
            _ = unsafe shim_easy_set_long(raw, CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10)
            _ = unsafe shim_easy_set_sink(raw, CURLOPT_READFUNCTION, bodyWanted)
        }
        if request.target == [UInt8(ascii: "*")] || origin.isSecure || settings.proxy == "" {
            let target = request.target.map { CChar(bitPattern: $0) } + [0]
            _ = unsafe shim_easy_set_text(raw, CURLOPT_REQUEST_TARGET, target)
            if let parsed {
                if easy.origin !== parsed {
                    _ = unsafe shim_easy_set_pointer(raw, CURLOPT_CURLU, UnsafeMutableRawPointer(parsed.raw))
                }
                // Of trailers that were sent curl (7.88) keeps a state that makes it write the next chunks where it must not.
                isReusable = body != .chunked && (easy.origin == nil || easy.origin === parsed)
                easy.origin = parsed
            } else {
                _ = unsafe shim_easy_set_text(raw, CURLOPT_URL, origin.text)
            }
        } else {
            // There may be a proxy that is to be asked for the whole URL, which only curl knows.
            _ = unsafe shim_easy_set_text(
                raw, CURLOPT_URL, origin.text + String(decoding: request.target, as: UTF8.self))
        }
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_easy_set_before_request(raw, requestBegins, me)
        send(lines(of: request))
        _ = unsafe shim_easy_set_text(raw, CURLOPT_CUSTOMREQUEST, request.method)
        if request.method == "HEAD" { _ = unsafe shim_easy_set_long(raw, CURLOPT_NOBODY, 1) }
    }

    /// Gives curl the whole body, which stays where it is until the transfer's end.
    func sendWhole(_ start: UnsafePointer<UInt8>, _ count: Int) {
        _ = unsafe shim_easy_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count))
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: start))
    }

    /// Has curl come for the body, if there is one.
    func sendInParts() {
        if body == .none { return }
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_easy_set_long(raw, CURLOPT_UPLOAD, 1)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_READDATA, me)
        if case .length(let count) = body {
            _ = unsafe shim_easy_set_size(raw, CURLOPT_INFILESIZE_LARGE, curl_off_t(count))
        } else {
            _ = unsafe shim_easy_set_trailers(raw, trailersWanted, me)
        }
    }

    /// Takes back from the easy handle all that the request has set, so that nothing of it, its key above all, is kept or gets
    /// into another. What curl itself had copied of it for sending it frees with the transfer.
    func takeBack() {
        takeLinesBack()
        _ = unsafe shim_easy_set_text(raw, CURLOPT_REQUEST_TARGET, nil)
        _ = unsafe shim_easy_set_text(raw, CURLOPT_CUSTOMREQUEST, nil)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_POSTFIELDS, nil)
        _ = unsafe shim_easy_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, -1)
        _ = unsafe shim_easy_set_size(raw, CURLOPT_INFILESIZE_LARGE, -1)
        // Ends uploads, posts and HEAD alike.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTPGET, 1)
    }

    private func lines(of request: StreamRequest) -> RequestLines {
        var lines = RequestLines()
        // curl regards the first of a name only: with this one it neither adds an expectation nor acts on the client's, by
        // waiting or by asking anew after 417. The client waits for itself.
        lines.add("Expect:")
        lines.add("Proxy-Connection:")
        var hasAccept = false
        var hasType = false
        for field in request.fields {
            let name = field.name
            switch name.utf8.count {
            case 4 where isNamed(name, "host"): continue
            case 6 where isNamed(name, "accept"): hasAccept = true
            case 12 where isNamed(name, "content-type"): hasType = true
            case 14 where isNamed(name, "content-length"): continue
            case 17 where isNamed(name, "transfer-encoding"): continue
            default: break
            }
            lines.add(name, field.value.span)
        }
        if !hasAccept { lines.add("Accept:") }
        // curl adds one to a body that is given with the head.
        if !hasType { lines.add("Content-Type:") }
        return lines
    }
}

private func isNamed(_ name: String, _ lowercase: StaticString) -> Bool { name.utf8.span.equalsIgnoringCase(lowercase) }

// MARK: C callbacks

private func requestBegins(
    _ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutablePointer<CChar>?, _ own: UnsafeMutablePointer<CChar>?,
    _ peerPort: Int32, _ ownPort: Int32
) -> Int32 {
    let transfer = unsafe Unmanaged<StreamTransfer>.fromOpaque(context!).takeUnretainedValue()
    return transfer.mayBegin() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private func bodyWanted(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let room = unsafe UnsafeMutableRawBufferPointer(start: start, count: size * count)
    return unsafe Unmanaged<StreamTransfer>.fromOpaque(context!).takeUnretainedValue().giveBody(room)
}

private func trailersWanted(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<curl_slist>?>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    let transfer = unsafe Unmanaged<StreamTransfer>.fromOpaque(context!).takeUnretainedValue()
    unsafe list!.pointee = transfer.giveTrailers()
    return CURL_TRAILERFUNC_OK
}
