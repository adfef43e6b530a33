internal import CCurl

extension StreamTransfer {
    /// Tells curl the request's head, and to add nothing of its own to it.
    func prepare(_ request: StreamRequest, origin: Origin, _ settings: UpstreamSettings) {
        let url = origin.text
        if easy.origin == nil {
            _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
            _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, settings.connectTimeout))
            _ = unsafe shim_easy_set_long(raw, CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10)
            _ = unsafe shim_easy_set_sink(raw, CURLOPT_READFUNCTION, bodyWanted)
        }
        if request.target == [UInt8(ascii: "*")] || origin.isSecure || settings.proxy == "" {
            let target = request.target.map { CChar(bitPattern: $0) } + [0]
            _ = unsafe shim_easy_set_text(raw, CURLOPT_REQUEST_TARGET, target)
            if easy.origin != url { _ = unsafe shim_easy_set_text(raw, CURLOPT_URL, url) }
            easy.origin = url
            isReusable = true
        } else {
            // There may be a proxy that is to be asked for the whole URL, which only curl knows.
            _ = unsafe shim_easy_set_text(
                raw, CURLOPT_URL, url + String(decoding: request.target, as: UTF8.self))
        }
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_easy_set_before_request(raw, requestBegins, me)
        // For a body that is given with the head, curl would add a type where there is none.
        if case .length = body, !request.fields.contains(where: { $0.name.lowercased() == "content-type" }) {
            addLine("Content-Type:")
        }
        addLines(request.fields)
        sendLines()
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
        if body == .chunked { _ = unsafe shim_easy_set_trailers(raw, nil, nil) }
        // Ends uploads, posts and HEAD alike.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTPGET, 1)
    }

    private func addLines(_ fields: [(name: String, value: [UInt8])]) {
        // curl regards the first of a name only: with this one it neither adds an expectation nor acts on the client's, by
        // waiting or by asking anew after 417. The client waits for itself.
        addLine("Expect:")
        addLine("Proxy-Connection:")
        if !fields.contains(where: { $0.name.lowercased() == "accept" }) { addLine("Accept:") }
        for field in fields {
            switch field.name.lowercased() {
            case "host", "content-length", "transfer-encoding": continue
            default: addLine(fieldLine(field.name, field.value))
            }
        }
    }
}

/// A field in curl's form; "Name;" is one without a value.
func fieldLine(_ name: String, _ value: [UInt8]) -> [UInt8] {
    let isBlank = value.allSatisfy { $0 == 0x20 || $0 == 0x09 }
    return Array(name.utf8) + (isBlank ? [UInt8(ascii: ";")] : [UInt8(ascii: ":"), 0x20] + value)
}

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
