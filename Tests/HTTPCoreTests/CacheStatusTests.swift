import Testing

@testable import HTTPCore

@Suite("Cache-Status")
struct CacheStatusTests {
    @Test(
        "An outcome is told as RFC 9211 spells it",
        arguments: [
            (.hit(ttl: 123), "larder; hit; ttl=123"),
            (.hit(ttl: 0), "larder; hit; ttl=0"),
            (.hit(ttl: -5), "larder; hit; ttl=-5"),
            (.hit(ttl: -5, detail: .backingOff), "larder; hit; ttl=-5; detail=backing-off"),
            (.hit(ttl: 9, detail: .busy), "larder; hit; ttl=9; detail=busy"),
            (.forwarded(.init(reason: .miss)), "larder; fwd=miss"),
            (.forwarded(.init(reason: .stale, status: 200)), "larder; fwd=stale; fwd-status=200"),
            (.forwarded(.init(reason: .request, stored: true)), "larder; fwd=request; stored"),
            (
                .forwarded(.init(reason: .miss, status: 200, stored: true, collapsed: true)),
                "larder; fwd=miss; fwd-status=200; stored; collapsed"
            ),
            (
                .forwarded(.init(reason: .miss, status: 503, detail: .unusable)),
                "larder; fwd=miss; fwd-status=503; detail=unusable"
            ),
            (
                .forwarded(.init(reason: .stale, status: 200, stored: true, collapsed: true, detail: .cut)),
                "larder; fwd=stale; fwd-status=200; stored; collapsed; detail=cut"
            ),
            (.bypassed(status: 307), "larder; fwd=bypass; fwd-status=307"),
            (.bypassed(status: nil, detail: .unreachable), "larder; fwd=bypass; detail=unreachable"),
            (.none(.onlyIfCached), "larder; detail=only-if-cached"),
        ] as [(CacheStatus, String)])
    func spelled(status: CacheStatus, expected: String) {
        #expect(written { status.append(to: &$0) } == "Cache-Status: \(expected)\r\n")
    }

    @Test(
        "Every detail is a token",
        arguments: [
            (.badRequest, "bad-request"), (.onlyIfCached, "only-if-cached"), (.backingOff, "backing-off"),
            (.busy, "busy"), (.unreachable, "unreachable"), (.timeout, "timeout"), (.tls, "tls"), (.cut, "cut"),
            (.unusable, "unusable"),
        ] as [(CacheStatus.Detail, String)])
    func details(detail: CacheStatus.Detail, expected: String) {
        #expect(detail.token.description == expected)
    }
}
