import HTTPClient

/// How connections end, and what becomes of the exchange.
extension ExchangeStateMachineTests {
    static let ends = [
        ExchangeTable(
            "no connection is a failure",
            [
                (.began, ""), (.failed(.unreachable("")), ""), (.deliver(), "failed(unreachable)"), (.deliver(), ""),
            ]),
        ExchangeTable(
            "a request that cannot be sent fails before it begins",
            [
                (.failed(.other("")), ""), (.deliver(), "failed(other)"),
            ]),
        ExchangeTable(
            "a new connection that ends without an answer", start + [(.closed, ""), (.deliver(), "failed(cut)")]),
        ExchangeTable(
            "a connection that ends within the head",
            startKept + [
                (.bytes, "parse"), (.closed, ""), (.deliver(), "failed(cut,suspect)"),
            ]),
        ExchangeTable(
            "a connection that ends within the body",
            ok + [
                (.closed, ""), (.deliver(hasBody: true), "200 body failed(cut)"),
            ]),
        ExchangeTable(
            "a kept connection that ends without an answer: the request is sent again, once",
            startKept + [
                (.ended(.cut("reset"), isRepeatable: true), "sendAgain"), (.new, ""), (.sent, ""),
                (.ended(nil, isRepeatable: true), ""), (.deliver(), "failed(cut)"),
            ]),
        ExchangeTable(
            "a kept connection that ends without an answer: a POST is not sent again",
            startKept + [
                (.closed, ""), (.deliver(), "failed(cut,suspect)"),
            ]),
        ExchangeTable(
            "a kept connection that has begun its answer: nothing is sent again",
            startKept + [
                (.bytes, "parse"), (.ended(nil, isRepeatable: true), ""), (.deliver(), "failed(cut,suspect)"),
            ]),
        ExchangeTable(
            "a kept connection that takes nothing: even a POST is sent, on a new one",
            [
                (.began, ""), (.grew(waiting: 65_536), "stop"), (.kept, ""),
                (.sendingFailed(hasBegun: false), "sendAgain"),
                (.new, ""), (.sent, "deliver"), (.deliver(), "settled room"),
            ]),
        ExchangeTable(
            "a new connection that takes nothing has perhaps an answer",
            [
                (.began, ""), (.new, ""), (.sendingFailed(hasBegun: false), "dropRequest"), (.bytes, "parse"),
                (.head(200), ""),
                (.end(isReusable: true), ""), (.deliver(), "200 ended(trailers,close)"),
            ]),
        ExchangeTable(
            "sending that fails in the middle: the answer is read, and the sender released",
            [
                (.began, ""), (.kept, ""), (.grew(waiting: 65_536), "stop"),
                (.sendingFailed(hasBegun: true), "dropRequest"),
                (.deliver(), "settled room"), (.bytes, "parse"), (.head(413), ""), (.end(isReusable: true), ""),
                (.deliver(), "413 ended(trailers,close)"),
            ]),
        ExchangeTable(
            "sending that fails, and nothing to read: that is the end",
            [
                (.began, ""), (.kept, ""), (.sendingFailed(hasBegun: true), "dropRequest"),
                (.nothing(isRepeatable: false), ""),
                (.deliver(), "failed(cut,suspect)"),
            ]),
        ExchangeTable(
            "sending that finds a reset: a body up to the connection's end has no end",
            [
                (.began, ""), (.new, ""), (.bytes, "parse"), (.head(200, untilEnd: true), ""),
                (.sendingFailed(hasBegun: true, isReset: true), "dropRequest"), (.closed, ""),
                (.deliver(hasBody: true), "200 body failed(cut)"),
            ]),
        ExchangeTable(
            "sending that finds a clean end: a body up to the connection's end is whole",
            [
                (.began, ""), (.new, ""), (.bytes, "parse"), (.head(200, untilEnd: true), ""),
                (.sendingFailed(hasBegun: true), "dropRequest"), (.closed, ""),
                (.deliver(hasBody: true), "200 body ended(close)"),
            ]),
        ExchangeTable(
            "sending that fails without a body: the request is sent again",
            [
                (.began, ""), (.kept, ""), (.sendingFailed(hasBegun: true), "dropRequest"),
                (.nothing(isRepeatable: true), "sendAgain"), (.new, ""), (.sent, ""),
                (.nothing(isRepeatable: true), ""),
                (.deliver(), "settled"),
            ]),
        ExchangeTable(
            "a socket's error is no end before all is read",
            ok + [
                (.socketFailed, ""), (.received(more: true), "parse"), (.end(isReusable: true), ""),
                (.deliver(hasBody: true), "200 body ended(trailers,close)"),
            ]),
        ExchangeTable(
            "a socket's error before there is a connection",
            [(.began, ""), (.socketFailed, ""), (.deliver(), "settled")]),
        ExchangeTable(
            "a connection that ends after the response, while the request goes on",
            [
                (.began, ""), (.new, ""), (.bytes, "parse"), (.head(200), ""), (.end(isReusable: true), ""),
                (.deliver(), "200 settled"),
                (.ended(.cut("reset"), isRepeatable: false), "dropRequest"), (.deliver(), "ended(trailers,close)"),
            ]),
        ExchangeTable(
            "bytes after the response, while the request goes on",
            [
                (.began, ""), (.new, ""), (.bytes, "parse"), (.head(200), ""), (.end(isReusable: true), ""),
                (.bytes, "dropRequest"), (.deliver(), "200 ended(trailers,close)"),
            ]),
        ExchangeTable(
            "a body until the end, while the request goes on",
            [
                (.began, ""), (.new, ""), (.bytes, "parse"), (.head(200, untilEnd: true), ""), (.closed, "dropRequest"),
                (.deliver(), "200 ended(close)"),
            ]),
    ]
}
