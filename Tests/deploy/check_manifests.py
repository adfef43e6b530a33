"""Checks that the compose and Kubernetes files say the same as the Dockerfile and the settings' table.

There is no cluster here to refuse a mistake, so what can be known without one is checked: ports, user, paths, labels, and
that each setting that is set exists. Prints what is wrong; exits with 1 if anything is.
"""

import pathlib
import re
import sys

import yaml

root = pathlib.Path(__file__).parents[2]
dockerfile = (root / "Dockerfile").read_text()
problems = []


def check(holds, text):
    if not holds:
        problems.append(text)


def variables():
    """The names that may be given in the environment: LARDER_ and a setting, with its table."""
    table = ""
    for line in (root / "config/larder.toml").read_text().splitlines():
        if match := re.match(r"\[(\w+)\]", line):
            table = match[1] + "_"
        elif match := re.match(r"# (\w+) = ", line):
            yield "LARDER_" + (table + match[1]).upper()


def known(environment, where):
    for name in environment:
        check(not name.startswith("LARDER_") or name in set(variables()), f"{where}: {name} is no setting")


def load(name):
    return yaml.safe_load((root / "deploy" / name).read_text())


port = int(re.search(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)[1])
user = int(re.search(r"^USER (\d+):\d+$", dockerfile, re.MULTILINE)[1])
volume = re.search(r"^VOLUME (\S+)$", dockerfile, re.MULTILINE)[1]
check(user != 0, "Dockerfile: the user is root")
check(f"LARDER_LISTEN=0.0.0.0:{port}" in dockerfile, "Dockerfile: it listens elsewhere than on the port that it exposes")
known(re.findall(r"LARDER_\w+", dockerfile), "Dockerfile")

service = load("compose.yaml")["services"]["larder"]
check(service["ports"] == [f"127.0.0.1:{port}:{port}"], "compose: the port is not published for this machine alone")
check(service["read_only"] is True and service["cap_drop"] == ["ALL"], "compose: the container may do too much")
check(f"state:{volume}" in service["volumes"], "compose: the state is nowhere")
known(service["environment"], "compose")

deployment = load("kubernetes/deployment.yaml")
pod = deployment["spec"]["template"]
container = pod["spec"]["containers"][0]
labels = pod["metadata"]["labels"]
named = {entry["name"]: entry["containerPort"] for entry in container["ports"]}
check(deployment["spec"]["selector"]["matchLabels"] == labels, "deployment: its selector finds none of its pods")
check(named["http"] == port, "deployment: the port is another one than the image's")
admin = {entry["name"]: entry["value"] for entry in container["env"]}["LARDER_ADMIN_LISTEN"]
check(admin == f"0.0.0.0:{named['admin']}", "deployment: its own pages are at another port than it says")
check(pod["spec"]["securityContext"]["runAsUser"] == user, "deployment: the user is another one than the image's")
check(pod["spec"]["securityContext"]["runAsNonRoot"] is True, "deployment: it may run as root")
check(container["securityContext"]["readOnlyRootFilesystem"] is True, "deployment: its file system can be written")
check([mount["mountPath"] for mount in container["volumeMounts"]] == [volume], "deployment: the state is nowhere")
kept = {entry["name"]: entry["value"] for entry in container["env"]}["STATE_DIRECTORY"]
check(kept.startswith(volume + "/"), "deployment: the state is in no directory of its own within the volume")
check("memory" in container["resources"]["limits"], "deployment: there is no limit to its memory")
paths = {probe: container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
check(all(get["port"] in named for get in paths.values()), "deployment: a probe asks at a port that is not there")
check(
    [get["path"] for get in paths.values()] == ["/healthz", "/healthz", "/readyz"],
    "deployment: a probe asks for something else than it should",
)
known([entry["name"] for entry in container["env"]], "deployment")

check(load("kubernetes/service.yaml")["spec"]["selector"] == labels, "service: it finds no pod")
ports = {entry["name"]: entry["targetPort"] for entry in load("kubernetes/service.yaml")["spec"]["ports"]}
check(ports == {name: name for name in named}, "service: its target ports are not there")
monitor = load("kubernetes/servicemonitor.yaml")["spec"]["endpoints"]
check([entry["port"] for entry in monitor] == ["admin"], "service monitor: it asks where there are no metrics")
policy = load("kubernetes/networkpolicy.yaml")["spec"]
check(policy["podSelector"]["matchLabels"] == labels, "network policy: it finds no pod")
let_in = [rule["ports"][0]["port"] for rule in policy["ingress"]]
check(let_in == ["http", "admin"], "network policy: its ports are not there")
resources = set(load("kubernetes/kustomization.yaml")["resources"])
# A ServiceMonitor can be applied only where Prometheus' operator is.
files = {path.name for path in (root / "deploy/kubernetes").glob("*.yaml")}
files -= {"kustomization.yaml", "servicemonitor.yaml"}
check(resources == files, f"kustomization: {resources ^ files} is in one place only")

# systemd's limit has to be longer than the time that Larder takes at most.
drain = re.search(r'^# drain_timeout = "(\d+)s"$', (root / "config/larder.toml").read_text(), re.MULTILINE)[1]
for name in ("larder.service", "user/larder.service"):
    limit = re.search(r"^TimeoutStopSec=(\d+)$", (root / "deploy/systemd" / name).read_text(), re.MULTILINE)[1]
    check(int(limit) > int(drain), f"{name}: TimeoutStopSec is too short for server.drain_timeout")
version = re.search(r'^public let version = "(.*)"$', (root / "Sources/Settings/Settings.swift").read_text(), re.MULTILINE)[1]
label = re.search(r'image\.version="(.*?)"', (root / "Dockerfile").read_text())[1]
check(label == version, f"Dockerfile: its label says {label}, the program {version}")

delay = {entry["name"]: entry["value"] for entry in container["env"]}["LARDER_SERVER_SHUTDOWN_DELAY"]
check(int(delay.rstrip("s")) > container["readinessProbe"]["periodSeconds"], "deployment: it drains before it is noticed")
grace = pod["spec"]["terminationGracePeriodSeconds"]
check(grace > int(drain) + int(delay.rstrip("s")), "deployment: it is killed while it drains")
check("lifecycle" not in container, "deployment: it waits before SIGTERM and after it")
check(int(service["stop_grace_period"].rstrip("s")) > int(drain), "compose: it is killed while it drains")

for problem in problems:
    print(problem)
sys.exit(bool(problems))
