import Bytes
internal import CCurl

extension StreamTransfer {
    /// Tells curl where the request goes; the target has a zero at its end.
    func prepare(_ target: borrowing ByteBuilder, _ origin: ParsedOrigin, _ settings: UpstreamSettings) {
        let isWhole = target.span.equals("*\0") || origin.origin.isSecure || settings.proxy == ""
        if easy.origin == nil { prepareHandle(settings) }
        if isWhole {
            set(CURLOPT_REQUEST_TARGET, target)
            if easy.origin == nil {
                _ = unsafe shim_easy_set_pointer(raw, CURLOPT_CURLU, UnsafeMutableRawPointer(origin.raw))
            }
            // Of trailers that were sent curl (7.88) keeps a state that makes it write the next chunks where it must not.
            isReusable = body != .chunked
            easy.origin = origin
        } else {
            // There may be a proxy that is to be asked for the whole URL, which only curl knows.
            var url = ByteBuilder()
            url.append(utf8: origin.origin.text)
            url.append(target.span)
            set(CURLOPT_URL, url)
        }
        if method == "HEAD" { _ = unsafe shim_easy_set_long(raw, CURLOPT_NOBODY, 1) }
    }

    /// Sets a text that has a zero at its end.
    private func set(_ option: CURLoption, _ text: borrowing ByteBuilder) {
        let bytes = text.span
        _ = unsafe bytes.withUnsafeBytes {
            unsafe shim_easy_set_text(raw, option, $0.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
    }

    /// What is the same for every stream of a handle.
    private func prepareHandle(_ settings: UpstreamSettings) {
        let handle = unsafe Unmanaged.passUnretained(easy).toOpaque()
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, settings.connectTimeout))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10)
        _ = unsafe shim_easy_set_sink(raw, CURLOPT_READFUNCTION, bodyWanted)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_READDATA, handle)
    }

    /// Tells curl the method, if it is not the one that curl takes for such a body.
    func nameMethod() {
        if method != ownMethod { _ = unsafe shim_easy_set_text(raw, CURLOPT_CUSTOMREQUEST, method) }
    }

    /// What curl would call the request.
    private var ownMethod: String {
        if isSentWhole { return "POST" }
        if body != .none { return "PUT" }
        return method == "HEAD" ? "HEAD" : "GET"
    }

    /// Gives curl the whole body, which stays where it is until the transfer's end.
    func sendWhole(_ start: UnsafePointer<UInt8>, _ count: Int) {
        _ = unsafe shim_easy_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(count))
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: start))
    }

    /// Has curl come for the body, if there is one.
    func sendInParts() {
        if body == .none { return }
        _ = unsafe shim_easy_set_long(raw, CURLOPT_UPLOAD, 1)
        if case .length(let count) = body {
            _ = unsafe shim_easy_set_size(raw, CURLOPT_INFILESIZE_LARGE, curl_off_t(count))
        } else {
            let handle = unsafe Unmanaged.passUnretained(easy).toOpaque()
            _ = unsafe shim_easy_set_trailers(raw, trailersWanted, handle)
        }
    }

    /// Takes back from the easy handle all that the request has set, so that nothing of it, its key above all, is kept or gets
    /// into another. What curl itself had copied of it for sending it frees with the transfer.
    func takeBack() {
        unsafe easy.user = nil
        easy.takeLinesBack()
        _ = unsafe shim_easy_set_text(raw, CURLOPT_REQUEST_TARGET, nil)
        if method != ownMethod { _ = unsafe shim_easy_set_text(raw, CURLOPT_CUSTOMREQUEST, nil) }
        if isSentWhole {
            _ = unsafe shim_easy_set_pointer(raw, CURLOPT_POSTFIELDS, nil)
            _ = unsafe shim_easy_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, -1)
        } else if body != .none {
            _ = unsafe shim_easy_set_size(raw, CURLOPT_INFILESIZE_LARGE, -1)
        }
        // Ends uploads, posts and HEAD alike.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTPGET, 1)
    }
}

private func stream(of context: UnsafeMutableRawPointer?) -> StreamTransfer {
    unsafe unsafeDowncast(user(of: context), to: StreamTransfer.self)
}

// MARK: C callbacks

private func bodyWanted(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let room = unsafe UnsafeMutableRawBufferPointer(start: start, count: size * count)
    return unsafe stream(of: context).giveBody(room)
}

private func trailersWanted(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<curl_slist>?>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe list!.pointee = stream(of: context).giveTrailers()
    return CURL_TRAILERFUNC_OK
}
