import FleetService
import Settings

/// Whether the fleet of the settings can be joined from here.
enum FleetCheck {
    /// No finding without a fleet.
    static func findings(_ settings: Settings) -> [Diagnosis] {
        do throws(FleetProblem) {
            guard let member = try FleetServiceSettings(settings, isDemo: false) else { return [] }
            return FleetProbe.findings(member).map { finding in
                let verdict: Diagnosis.Verdict =
                    switch finding.verdict {
                    case .fine: .ok
                    case .warning: .warn
                    case .failure: settings.fleet.required ? .fail : .warn
                    case .skipped: .skip
                    }
                return Diagnosis("fleet", verdict, finding.text)
            }
        } catch {
            return [Diagnosis("fleet", .fail, error.description)]
        }
    }

    /// What is wrong with the files that the settings name, in a sentence; nil if nothing is.
    static func mistake(_ settings: Settings) -> String? {
        // That is a mistake of its own.
        guard settings.fleet.problem == nil else { return nil }
        do throws(FleetProblem) {
            _ = try FleetServiceSettings(settings, isDemo: false)?.checked()
            return nil
        } catch {
            return error.description
        }
    }
}
