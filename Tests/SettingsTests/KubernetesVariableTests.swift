import Testing

@testable import Settings

@Suite("Variables that Kubernetes sets for a Service")
struct KubernetesVariableTests {
    /// As a pod gets them for Services named `larder` and `larder-metrics`.
    static let given = [
        "LARDER_SERVICE_HOST": "10.96.0.7", "LARDER_SERVICE_PORT": "5273", "LARDER_SERVICE_PORT_HTTP": "5273",
        "LARDER_SERVICE_PORT_HTTP_ADMIN": "9000", "LARDER_PORT": "tcp://10.96.0.7:5273",
        "LARDER_PORT_5273_TCP": "tcp://10.96.0.7:5273", "LARDER_PORT_5273_TCP_PROTO": "tcp",
        "LARDER_PORT_5273_TCP_PORT": "5273", "LARDER_PORT_5273_TCP_ADDR": "10.96.0.7",
        "LARDER_PORT_53_UDP_ADDR": "10.96.0.7",
        "LARDER_METRICS_SERVICE_HOST": "10.96.0.8", "LARDER_METRICS_PORT": "tcp://10.96.0.8:9090",
        "LARDER_METRICS_PORT_9090_TCP": "tcp://10.96.0.8:9090", "LARDER_METRICS_PORT_9090_TCP_ADDR": "10.96.0.8",
    ]

    @Test("They are no settings")
    func ignored() throws {
        #expect(try loaded(environment: Self.given).settings == loaded().settings)
    }

    @Test(
        "What only resembles them is a slip, and is told",
        arguments: [
            ("LARDER_PORT", "5273"), ("LARDER_LISTEN_PORT", "5273"), ("LARDER_SERVICE_TIMEOUT", "5s"),
            ("LARDER_SERVICE", "x"),
            ("LARDER_PORT_TCP", "5273"), ("LARDER_PORT_5273", "5273"), ("LARDER_PORT_5273_TCP_HOST", "x"),
            ("LARDER_SERVICE_HOST_NAME", "x"), ("LARDER_PORTS", "tcp://10.0.0.1:1"),
        ])
    func slips(name: String, value: String) {
        #expect(fault(environment: [name: value])?.contains(name) == true)
    }

    @Test("No setting has such a name")
    func collisions() {
        for setting in SettingsTable.all {
            #expect(!KubernetesVariable.isOne(setting.environmentName, "tcp://10.96.0.7:5273"), "\(setting.name)")
        }
    }
}
