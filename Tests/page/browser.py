"""A headless Chromium, driven over the DevTools protocol: just what these tests need."""

import base64
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import websocket

KEYS = {
    "Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), " ": (32, " "), "ArrowLeft": (37, ""), "ArrowUp": (38, ""),
    "ArrowRight": (39, ""), "ArrowDown": (40, ""), "Home": (36, ""), "End": (35, ""),
}


class Browser:
    """One Chromium process. `page()` opens a tab of its own."""

    def __init__(self, binary: str):
        self.folder = tempfile.mkdtemp(prefix="larder-page-")
        self.process = subprocess.Popen(
            [binary, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-proxy-server", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--remote-debugging-port=0", "--remote-allow-origins=*",
             f"--user-data-dir={self.folder}", "about:blank"],
            # No pipe, since nobody would read it, and a full one would stop the browser.
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket = None
        try:
            self.socket = websocket.create_connection(self._address(), timeout=30, enable_multithread=False)
        except BaseException:
            self.close()
            raise
        self.numbers = itertools.count(1)
        self.events: list[dict] = []

    def _address(self) -> str:
        port = Path(self.folder, "DevToolsActivePort")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            if port.exists() and len(lines := port.read_text().split()) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            time.sleep(0.05)
        raise RuntimeError("chromium did not start")

    def send(self, method: str, session: str | None = None, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def page(self, **view) -> "Page":
        return Page(self, **view)

    def close(self):
        if self.socket:
            self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Page:
    """A tab. `complaints` holds what the browser found wrong: errors, refused parts, failed requests are left out."""

    def __init__(self, browser: Browser, width: int = 1280, height: int = 900, scheme: str = "light"):
        self.browser = browser
        context = browser.send("Target.createBrowserContext")["browserContextId"]
        self.context = context
        target = browser.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"]:
            self.send(f"{domain}.enable")
        self.view(width, height)
        self.scheme(scheme)

    def send(self, method: str, **parameters):
        return self.browser.send(method, self.session, **parameters)

    def view(self, width: int, height: int):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name: str):
        self.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name}, {"name": "prefers-reduced-motion", "value": "reduce"}])

    def open(self, url: str):
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")
        return self

    def doctor(self, members: dict):
        """Has the page see these members in Larder's status; those that are None are taken out. Call it before `open`."""
        self.send("Page.addScriptToEvaluateOnNewDocument", source=f"""(() => {{
            const [ask, members] = [window.fetch, {json.dumps(members)}];
            window.fetch = async (address, ...rest) => {{
                const answer = await ask(address, ...rest);
                if (address !== 'status' || !answer.ok) return answer;
                const status = Object.assign(await answer.json(), members);
                for (const name in members) if (members[name] === null) delete status[name];
                return new Response(JSON.stringify(status), {{ status: 200 }});
            }};
        }})()""")

    def answer(self, prefix: str, status: int, body: str):
        """Has the page get this answer to whatever it asks for at an address that begins so. Call it before `open`."""
        self.send("Page.addScriptToEvaluateOnNewDocument", source=f"""(() => {{
            const ask = window.fetch;
            window.fetch = async (address, ...rest) => String(address).startsWith({json.dumps(prefix)})
                ? new Response({json.dumps(body)}, {{ status: {status} }}) : ask(address, ...rest);
        }})()""")

    def eval(self, expression: str):
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, expression: str, seconds: float = 15):
        """Waits until something is true, and gives it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                value = self.eval(expression)
            except RuntimeError:
                # The document is being replaced.
                value = None
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {expression}")
            time.sleep(0.03)

    def text(self, selector: str) -> str:
        return self.eval(f"document.querySelector({json.dumps(selector)}).textContent.trim()")

    def texts(self, selector: str) -> list[str]:
        return self.eval(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent.trim())")

    def press(self, key: str, shift: bool = False):
        code, text = KEYS[key]
        fields = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **fields)
        self.send("Input.dispatchKeyEvent", type="keyUp", **fields)

    def type(self, selector: str, text: str):
        """Puts text in place of what a field holds, as typing would."""
        self.eval(f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one.focus(); one.select(); }})()")
        if text:
            self.send("Input.insertText", text=text)
        else:
            self.eval("document.execCommand('delete')")

    def click(self, selector: str):
        """Clicks with the mouse in the middle of what is there."""
        x, y = self.eval(f"""(() => {{
            const one = document.querySelector({json.dumps(selector)});
            one.scrollIntoView({{ block: "center", inline: "center" }});
            const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"]:
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="none" if kind == "mouseMoved" else "left", clickCount=1)

    def screenshot(self, path: Path, whole: bool = False):
        image = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(image["data"]))

    @property
    def complaints(self) -> list[str]:
        """What the browser complained of: exceptions, console errors, violations of the page's policy."""
        self.eval("0")
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                found.append(json.dumps(event["params"]["exceptionDetails"]))
            elif event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in ("error", "warning", "assert"):
                found.append(json.dumps(event["params"]["args"]))
            elif event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in ("error", "warning"):
                found.append(event["params"]["entry"]["text"] + " " + event["params"]["entry"].get("url", ""))
        return [one for one in found if not re.search("Autofill", one)]

    @property
    def requests(self) -> list[str]:
        """Every URL that was asked for."""
        self.eval("0")
        return [event["params"]["request"]["url"] for event in self.browser.events
                if event.get("sessionId") == self.session and event["method"] == "Network.requestWillBeSent"]

    def close(self):
        self.browser.send("Target.disposeBrowserContext", browserContextId=self.context)
