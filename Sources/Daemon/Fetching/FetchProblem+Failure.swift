import Serving
import Upstream

extension FetchProblem {
    /// What a failed transfer is to those who wait for it.
    init(_ failure: FetchFailure) {
        let message = failure.message
        switch failure {
        case .unreachable, .nameNotResolved, .other: self = .unreachable(message)
        case .timeout: self = .timeout(message)
        case .tls: self = .tls(message)
        case .cut, .cancelled: self = .cut(message)
        case .tooLarge, .malformed, .tooManyRedirects, .redirectElsewhere: self = .unreadable(message)
        }
    }
}
