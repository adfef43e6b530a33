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

# The fleet of compose.
fleet = load("compose.fleet.yaml")
replicas = {name: entry for name, entry in fleet["services"].items() if name.startswith("larder-")}
check(len(replicas) > 1, "compose.fleet: there is no fleet")
for name, entry in replicas.items():
    where = f"compose.fleet, {name}"
    known(entry["environment"], where)
    check(entry["read_only"] is True and entry["cap_drop"] == ["ALL"], f"{where}: the container may do too much")
    check("ports" not in entry, f"{where}: it can be reached past the proxy")
    check(any(mount.startswith(f"{volume}:uid={user},") for mount in entry["tmpfs"]), f"{where}: the state is nowhere")
    check(int(entry["stop_grace_period"].rstrip("s")) > int(drain), f"{where}: it is killed while it drains")
    engine = re.fullmatch(r"redis://([\w-]+):(\d+)", entry["environment"].get("LARDER_FLEET_URL", ""))
    check(engine and engine[1] in fleet["services"], f"{where}: its engine is not there")
    secret = pathlib.PurePosixPath(entry["environment"].get("LARDER_FLEET_SECRET_FILE", ""))
    check(str(secret.parent) == "/run/secrets" and secret.name in entry["secrets"], f"{where}: its secret is not mounted")
    check(secret.name in fleet["secrets"], f"{where}: its secret is nowhere")
secret = fleet["secrets"]["fleet"]["file"]
# What the user makes must never be committed.
ignored = (root / ".gitignore").read_text().splitlines()
check("deploy/" + secret.removeprefix("./") in ignored, f"compose.fleet: {secret} is not in .gitignore")
proxy = fleet["services"]["proxy"]
check(all(entry.startswith("127.0.0.1:") for entry in proxy["ports"]), "compose.fleet: it is published for other machines")
config = fleet["configs"]["haproxy"]["content"]
servers = re.findall(r"^ *server \w+ ([\w-]+):(\d+) check", config, re.MULTILINE)
check({name for name, _ in servers} == set(replicas), "compose.fleet: the proxy has other servers than the fleet")
check({int(number) for _, number in servers} == {port}, "compose.fleet: the proxy uses another port than the image's")
check("nameserver" in config and all("resolvers" in line for line in config.splitlines() if "default-server" in line)
      and "default-server" in config, "compose.fleet: the proxy keeps the address of a replica that was replaced")
check("option httpchk GET /readyz" in config, "compose.fleet: the proxy does not ask whether a replica is ready")
bound = re.search(r"^ *bind :(\d+)$", config, re.MULTILINE)
check(bound and f"127.0.0.1:{bound[1]}:{bound[1]}" in proxy["ports"], "compose.fleet: the proxy's port is not published")
for name, entry in fleet["services"].items():
    check(set(entry.get("depends_on", [])) <= set(fleet["services"]), f"compose.fleet, {name}: it depends on nothing known")
check("--maxmemory-policy volatile-lru" in fleet["services"]["engine"]["command"], "compose.fleet: a full engine refuses writes")

# The fleet of Kubernetes: an overlay on the rest.
overlay = load("kubernetes-fleet/kustomization.yaml")
folder = root / "deploy/kubernetes-fleet"
named_files = set(overlay["resources"]) - {"../kubernetes"} | {entry["path"] for entry in overlay["patches"]}
files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
check("../kubernetes" in overlay["resources"], "fleet: it is no overlay")
for path in overlay["resources"]:
    # kustomize calls that a cycle, and renders nothing.
    check(not folder.resolve().is_relative_to((folder / path).resolve()), f"fleet: the base {path} contains the overlay")
check(named_files == files, f"fleet: {named_files ^ files} is in one place only")
patch = load("kubernetes-fleet/larder.yaml")
check(
    (patch["kind"], patch["metadata"]["name"]) == (deployment["kind"], deployment["metadata"]["name"]),
    "fleet: the patch is for nothing that is there",
)
check(patch["spec"]["replicas"] > 1, "fleet: there is no fleet")
patched = patch["spec"]["template"]["spec"]
added = patched["containers"][0]
check(added["name"] == container["name"], "fleet: the patch adds a container")
environment = {entry["name"]: entry["value"] for entry in added["env"]}
known(environment, "fleet")
mounts = {mount["mountPath"]: mount["name"] for mount in added["volumeMounts"]}
secret = pathlib.PurePosixPath(environment.get("LARDER_FLEET_SECRET_FILE", ""))
check(str(secret.parent) in mounts, "fleet: the secret is not mounted")
volumes = {entry["name"]: entry for entry in patched["volumes"]}
check(set(mounts.values()) == set(volumes), "fleet: a volume is in one place only")
create = f"kubectl create secret generic {volumes[mounts.get(str(secret.parent), 'fleet')]['secret']['secretName']} --from-literal={secret.name}="
for path in ("docs/fleet.md", "deploy/kubernetes-fleet/kustomization.yaml"):
    check(create in (root / path).read_text(), f"{path}: it makes another Secret than the one that is mounted")
objects = {(entry["kind"], entry["metadata"]["name"]): entry for entry in yaml.safe_load_all((folder / "engine.yaml").read_text())}
where = re.fullmatch(r"redis://([\w-]+):(\d+)", environment.get("LARDER_FLEET_URL", ""))
check(where and ("Service", where[1]) in objects, "fleet: the engine's address is of no service")
if where and ("Service", where[1]) in objects:
    engine_service = objects[("Service", where[1])]["spec"]
    engine = objects[("Deployment", where[1])]["spec"]
    engine_labels = engine["template"]["metadata"]["labels"]
    engine_pod = engine["template"]["spec"]
    engine_ports = {entry["name"]: entry["containerPort"] for entry in engine_pod["containers"][0]["ports"]}
    check(engine["selector"]["matchLabels"] == engine_labels, "fleet: the engine's selector finds none of its pods")
    check(engine_service["selector"] == engine_labels, "fleet: the engine's service finds no pod")
    check([entry["port"] for entry in engine_service["ports"]] == [int(where[2])], "fleet: the engine's port is another one")
    check(all(entry["targetPort"] in engine_ports for entry in engine_service["ports"]), "fleet: the engine's target port is not there")
    check(engine_pod["securityContext"]["runAsNonRoot"] is True, "fleet: the engine may run as root")
    check(engine_pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True, "fleet: the engine's file system can be written")
    check("volatile-lru" in engine_pod["containers"][0]["args"], "fleet: a full engine refuses writes")
    let_in = objects[("NetworkPolicy", where[1])]["spec"]
    let_out = objects[("NetworkPolicy", "larder-to-engine")]["spec"]
    check(let_in["podSelector"]["matchLabels"] == engine_labels, "fleet: the engine's network policy finds no pod")
    check(let_in["ingress"][0]["from"][0]["podSelector"]["matchLabels"].items() <= labels.items(), "fleet: the engine's network policy lets no Larder in")
    check(let_out["podSelector"]["matchLabels"].items() <= labels.items(), "fleet: the policy for the way to the engine finds no Larder")
    check(let_out["egress"][0]["to"][0]["podSelector"]["matchLabels"] == engine_labels, "fleet: Larder may not reach the engine")
    rules = [let_in["ingress"][0]["ports"], let_out["egress"][0]["ports"]]
    check(all([entry["port"] for entry in rule] == list(engine_ports.values()) for rule in rules), "fleet: a policy has another port than the engine")

for problem in problems:
    print(problem)
sys.exit(bool(problems))
