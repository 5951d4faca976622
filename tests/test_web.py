"""The web page's server: what it answers, what it refuses, and the page itself in a browser."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_agent import tiny_agent

pytest.importorskip("starlette", reason="the web page needs the extra play: pip install -e '.[play]'")
pytest.importorskip("uvicorn", reason="the web page needs the extra play: pip install -e '.[play]'")

from pokerjax.agents import Agent
from pokerjax.config import UserError
from pokerjax.play.web.app import create_app, static_files
from pokerjax.play.web.limits import Limits, Rates, Refused, Tables
from pokerjax.play.web.serve import address, listen, server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHH = """variant = "NT"
ante_trimming_status = true
antes = [0, 0]
blinds_or_straddles = [50, 100]
min_bet = 100
starting_stacks = [10000, 10000]
actions = ["d dh p1 TcQc", "d dh p2 ????", "p2 cbr 300", "p1 cc", "d db 7d5h9d", "p1 cc", "p2 cbr 400", "p1 f"]
players = ["Ann <b>", "Bo"]
"""


@contextlib.contextmanager
def serving(agent: Agent | None = None, **options):
    """A running server, of the tiny agent if no other is given: its port."""
    listener = listen("127.0.0.1", 0)
    running = server(create_app(agent or tiny_agent(seed=1), name="tiny", seed=3, warm=False, **options))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not running.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        running.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def port():
    with serving(limits=Limits(tables=3, idle_seconds=1e9, requests_per_second=1e6, burst=10**6)) as port:
        yield port


def ask(port: int, path: str, data=None, *, method: str | None = None, body: bytes | None = None, **headers):
    """One request as the page makes it, with other headers where given: status, answer, headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    sent = {"host": f"127.0.0.1:{port}"}
    if data is not None or body is not None:
        sent |= {"origin": f"http://127.0.0.1:{port}", "content-type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in sent.items() if value is not None}
    body = body if body is not None else None if data is None else json.dumps(data).encode()
    connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    is_json = response.headers.get("content-type") == "application/json"
    return response.status, json.loads(text) if is_json else text.decode(), response.headers


@pytest.fixture
def table(port):
    """A table of two that is closed again."""
    status, answer, _ = ask(port, "/api/table", {"players": 2, "stack_bb": 100})
    assert status == 200, answer
    yield answer["table"], answer["views"][-1]
    ask(port, "/api/close", {"table": answer["table"]})


def test_a_hand_by_requests(port, table):
    token, view = table
    for _ in range(40):
        if view["done"]:
            break
        word = "call" if view["legal"]["call"] else "check"
        data = {"table": token, "action": word, "number": view["number"], "decision": view["decision"]}
        status, answer, _ = ask(port, "/api/act", data)
        assert status == 200, answer
        view = answer["views"][-1]
    assert view["done"] and view["result"]["hands"] == 1
    assert view["thoughts"] and all(not thought["of_range"] for thought in view["thoughts"])
    status, answer, _ = ask(port, "/api/history", {"table": token, "number": 1})
    assert status == 200 and answer["frames"][-1]["done"]
    status, answer, _ = ask(port, "/api/deal", {"table": token})
    assert status == 200 and answer["views"][0]["number"] == 2


def test_study_mode_tells_ranges_during_a_hand_and_only_then(port, table):
    token, _ = table
    status, answer, _ = ask(port, "/api/thoughts", {"table": token})
    assert status == 400 and "Study mode is off" in answer["error"]
    assert ask(port, "/api/mode", {"table": token, "on": True})[0] == 200
    status, answer, _ = ask(port, "/api/thoughts", {"table": token})
    assert status == 200 and answer["thoughts"]
    for thought in answer["thoughts"]:
        assert thought["of_range"] == (thought["name"] != "You")


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        ({"action": "raise", "amount": 10**6}, 400, "Raise to 200 up to 10,000 chips"),
        ({"action": "raise", "amount": 2.5}, 400, "amount must be a whole number"),
        ({"action": "raise", "amount": True}, 400, "amount must be a whole number"),
        ({"action": "raise", "amount": 10**400}, 400, "amount must be a whole number"),
        ({"action": "dance"}, 400, "'dance' is no action"),
        ({"action": 3}, 400, "action must be"),
        ({"action": "check"}, 400, "You cannot check"),
        ({"action": "call", "decision": 7}, 400, "another moment of the game"),
        ({"action": "call", "number": 2}, 400, "another moment of the game"),
        ({"action": "call", "table": "nobody's"}, 404, "no such table"),
        ({"action": "call", "table": ["x"]}, 404, "no such table"),
    ],
)
def test_bad_messages_are_answered_and_change_nothing(port, table, data, status, sentence):
    token, _ = table
    before = ask(port, "/api/show", {"table": token})[1]
    view = before["views"][0]
    message = {"table": token, "number": view["number"], "decision": view["decision"]} | data
    answer = ask(port, "/api/act", message)
    assert (answer[0], sentence in answer[1]["error"]) == (status, True), answer
    assert ask(port, "/api/show", {"table": token})[1] == before


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/api/act", b"{", 400, "no JSON"),
        ("/api/act", b"[" * 50_000, 400, "no JSON"),
        ("/api/act", b"[]", 400, "must be a JSON object"),
        ("/api/act", b"\xff\xfe", 400, "no JSON"),
        ("/api/spot", b'{"spot": {"\\ud800": 1}}', 400, "half a character"),
        ("/api/act", b'{"x": "' + b"x" * 70_000 + b'"}', 413, "larger than 65,536 bytes"),
        ("/api/read", b'{"text": "' + b"x" * 1_100_000 + b'"}', 413, "larger than 1,048,576 bytes"),
        ("/api/read", b'{"text": 3}', 400, "text must be a hand history"),
        ("/api/spot", b'{"spot": {"stacks": [1e3]}}', 400, "stacks must be a list of whole numbers"),
        ("/api/table", b'{"players": 9}', 400, "--num-players 9 is a table that the agent does not know"),
        ("/api/table", b'{"stack_bb": 1e300}', 400, "stack_bb must be a number"),
        ("/api/table", b'{"stack_bb": NaN}', 400, "must be"),
        ("/api/table", b'{"carelessness": "much"}', 400, "carelessness must be a number"),
        ("/api/table", b'{"carelessness": 0.5}', 400, "trained with --told-carelessness, and this one was not"),
        ("/api/nothing", b"{}", 404, "nothing at this address"),
        ("/api/about", b"{}", 405, "nothing at this address"),
    ],
)
def test_messages_that_are_none(port, path, body, status, sentence):
    answer = ask(port, path, body=body)
    assert (answer[0], sentence in answer[1]["error"]) == (status, True), answer


@pytest.mark.parametrize(
    ("headers", "status", "sentence"),
    [
        ({"origin": "http://evil.example"}, 403, "not from http://evil.example"),
        ({"origin": None}, 403, "not from nowhere"),
        ({"origin": "null"}, 403, "not from null"),
        ({"host": "evil.example:80", "origin": "http://evil.example:80"}, 403, "not called evil.example"),
        ({"content_type": "text/plain"}, 415, "must be JSON"),
    ],
)
def test_other_sites_are_refused(port, headers, status, sentence):
    answer = ask(port, "/api/table", {"players": 2}, **headers)
    assert (answer[0], sentence in answer[1]["error"]) == (status, True), answer
    assert ask(port, "/", host="evil.example")[0] == 403


def test_only_its_own_files_are_served(port):
    names = set(static_files())
    assert {"/", "/static/style.css", "/static/play.js"} <= names
    for path in sorted(names):
        status, text, headers = ask(port, path)
        assert status == 200 and text
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"""(src|href|url\(|import).{0,20}https?://""", text), path
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/../pyproject.toml", "/static/"):
        assert ask(port, path)[0] == 404
    assert ask(port, "/", method="DELETE")[0] == 405


def test_one_client_cannot_disturb_anothers_table(port, table):
    token, view = table
    other = ask(port, "/api/table", {"players": 2})[1]
    try:
        assert other["table"] != token
        for _ in range(3):
            ask(port, "/api/deal", {"table": other["table"]})
            ask(port, "/api/act", {"table": other["table"], "action": "fold", "number": 1, "decision": 0})
        assert ask(port, "/api/show", {"table": token})[1]["views"][0] == view
    finally:
        ask(port, "/api/close", {"table": other["table"]})
    assert ask(port, "/api/show", {"table": other["table"]})[0] == 404
    assert ask(port, "/api/show", {"table": token})[0] == 200


def test_no_two_tables_are_dealt_alike():
    """Also where one was closed in between: what it showed would tell the cards of the other."""
    with serving(limits=Limits(tables=3, idle_seconds=1e9, requests_per_second=1e6, burst=10**6)) as port:
        first, second = (ask(port, "/api/table", {"players": 2})[1] for _ in range(2))
        ask(port, "/api/close", {"table": first["table"]})
        third = ask(port, "/api/table", {"players": 2})[1]
        dealt = [json.dumps(table["views"][0]["seats"]) for table in (first, second, third)]
        assert len(set(dealt)) == 3


def test_a_table_whose_agent_failed_goes_on_when_it_is_shown(port, table, monkeypatch):
    token, view = table
    with monkeypatch.context() as failing:
        failing.setattr(Agent, "act", lambda self, observation: 1 / 0)
        asked = {"table": token, "action": "call", "number": view["number"], "decision": view["decision"]}
        assert ask(port, "/api/act", asked)[0] == 500
    status, answer, _ = ask(port, "/api/show", {"table": token})
    assert status == 200 and answer["views"][-1]["decision"] > view["decision"] + 1


def test_tables_are_limited_and_idle_ones_give_way():
    now = [0.0]
    tables = Tables(Limits(tables=2, idle_seconds=60), clock=lambda: now[0])
    first, second = tables.add("a"), tables.add("b")  # type: ignore[arg-type]
    now[0] = 30
    tables.find(first)
    with pytest.raises(Refused, match="All 2 tables are taken"):
        tables.add("c")  # type: ignore[arg-type]
    with pytest.raises(Refused, match="All 2 tables are taken"):
        tables.check_room()
    now[0] = 61
    tables.check_room()
    assert len(tables) == 2  # nobody has to give way before the new table is there
    third = tables.add("c")  # type: ignore[arg-type]
    assert len(tables) == 2 and tables.find(first) and tables.find(third)
    with pytest.raises(Refused, match="no such table"):
        tables.find(second)


def test_rates_are_limited_by_address():
    now = [0.0]
    rates = Rates(Limits(requests_per_second=10, burst=5, clients=2), clock=lambda: now[0])
    for _ in range(5):
        rates.take("a")
    with pytest.raises(Refused, match="Too many requests"):
        rates.take("a")
    rates.take("b")
    now[0] = 0.1
    rates.take("a")
    with pytest.raises(Refused, match="Too many requests"):
        rates.take("a")


def test_a_port_that_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"127.0.0.1 --port {port} cannot be listened on .*another host or port"):
            listen("127.0.0.1", port)
    with pytest.raises(UserError, match=r"cannot be listened on .*another host or port"):
        listen("ä" * 70, 0)  # longer than a name can be
    with listen("127.0.0.1", 0) as listener:
        assert address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"


# In the browser


@pytest.fixture(scope="module")
def browser():
    reason = "pip install -e '.[dev]' and the system's Chromium (apt-get install chromium)"
    sync_api = pytest.importorskip("playwright.sync_api", reason=f"browser tests need Playwright: {reason}")
    if CHROMIUM is None:
        pytest.skip(f"browser tests need a Chromium: {reason}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


READY = "body:not([data-busy]) #call, body:not([data-busy]) #next"


@pytest.fixture
def page(request, browser, port):
    """The page, with the errors that it meets as failures."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(60_000)
    errors: list[str] = []
    expected: list[str] = request.param if hasattr(request, "param") else []
    page.on("console", lambda message: message.type in ("error", "warning") and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_selector("#new-table")
    page.check("#fast")
    yield page
    if page.query_selector("#call, #next"):
        token = page.evaluate("sessionStorage.getItem('pokerjax.table')")
        ask(port, "/api/close", {"table": token})
    page.close()
    assert [error for error in errors if not any(part in error for part in expected)] == []


def open_table(page, players: int) -> None:
    page.select_option("#players", str(players))
    page.click("#new-table")
    page.wait_for_selector(READY)


def press(page, selector: str) -> None:
    page.click(selector)
    page.wait_for_selector(READY)


def faults(page) -> list[str]:
    """What axe finds of serious and critical faults."""
    axe_module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe comes with the extra dev")
    found = axe_module.Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['help']}" for each in found if each["impact"] in ("serious", "critical")]


def test_hands_by_clicks_and_keys(page):
    open_table(page, 2)
    for _ in range(12):
        if page.query_selector("#next"):
            break
        press(page, "#call")
    assert "after 1 hand" in page.inner_text("#result")
    assert page.query_selector("#thoughts .opinion, #thoughts p")
    assert not faults(page)
    page.click("#history button")
    page.wait_for_selector("#replay-actions button")
    page.click("nav a[href='#play']")
    page.keyboard.press("n")
    page.wait_for_selector("body:not([data-busy]) #call")
    page.reload()
    page.wait_for_selector(READY)
    page.check("#fast")
    assert page.locator("#history button").count() == 1  # the server has kept it
    page.keyboard.press("a")
    page.keyboard.press("r")
    page.wait_for_selector("body:not([data-busy]) #next")
    assert "after 2 hands" in page.inner_text("#result")


@pytest.mark.parametrize("page", [["ERR_FAILED", "status of 400"]], indirect=True)
def test_a_lost_answer_and_a_wrong_stack_lose_nothing(page):
    """The page asks for the table as it is, and goes on; a table is left only for one that was opened."""
    open_table(page, 2)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/api/act", lose)
    press(page, "#call")
    page.unroute("**/api/act")
    page.wait_for_selector("#status.error:has-text('The server does not answer')")
    assert page.locator("#log li:not(.street)").count() >= 1
    page.fill("#stack", "1500")
    page.click("#new-table")
    page.wait_for_selector("#status.error:has-text('must be from 2 to 1000 big blinds')")
    for _ in range(12):
        if page.query_selector("#next"):
            break
        press(page, "#call")
    assert "after 1 hand" in page.inner_text("#result")


@pytest.mark.slow
def test_twenty_hands_with_every_action_on_a_phone_too(page):
    open_table(page, 3)
    done: set[str] = set()
    page.check("#study-mode")
    page.wait_for_selector(READY)
    for number in range(1, 21):
        if number == 11:
            page.set_viewport_size({"width": 375, "height": 812})
            assert page.evaluate("document.documentElement.scrollWidth") <= 375
            assert not faults(page)
        for turn in range(30):
            if page.query_selector("#next"):
                break
            buttons = [name for name in ("fold", "raise", "call") if page.query_selector(f"#{name}")]
            choice = buttons[(number + turn) % len(buttons)] if number % 2 else "call"
            if "bet" not in done and "raise" in buttons and page.inner_text("#raise").startswith("Bet"):
                choice = "raise"
            if choice == "raise" and turn % 2:
                page.fill("#amount", page.get_attribute("#amount", "min"))
            word = page.inner_text(f"#{choice}").split()[0].lower()
            press(page, f"#{choice}")
            done.add(word)
        assert f"after {number} hand" in page.inner_text("#result")
        press(page, "#next")
    assert {"fold", "check", "call", "raise", "bet"} <= done
    page.wait_for_selector("#thoughts .opinion")
    page.set_viewport_size({"width": 1280, "height": 860})
    assert page.locator("#history li").count() == 20
    page.click("#history li:last-child button")
    page.wait_for_selector("#replay-actions button")


@pytest.mark.slow
@pytest.mark.parametrize("page", [["status of 400"]], indirect=True)  # a refused board, which the browser logs
def test_study_in_the_browser(page):
    page.click("nav a[href='#study']")
    page.wait_for_selector(".cell")
    assert page.locator(".cell").count() == 169
    assert not faults(page)
    page.click("#next-actions .raise >> nth=0")
    page.wait_for_selector(".step:has-text('raise to 200')")
    page.click("#next-actions .call")
    page.wait_for_selector("text=The board needs 3 more cards.")
    page.click("#random-board")
    page.wait_for_selector(".step:has-text('BB to act')")
    page.click("[data-class=AKo]")
    page.wait_for_selector("#hands .hand")
    for kind in ("value", "reach", "mix"):
        page.click(f"[data-kind={kind}]")
    board = page.input_value("#study-board")
    free = next(pair for pair in ("AhKd", "QsJc", "Td9h", "8c7s") if pair[:2] not in board and pair[2:] not in board)
    held: list = []
    page.route("**/api/spot", lambda route: held.append(route))
    with page.expect_request("**/api/spot"):
        page.fill("#study-hole", free)
        page.press("#study-hole", "Enter")
    page.fill("#study-board", "Zz")
    held[0].continue_()
    page.unroute("**/api/spot")
    page.wait_for_selector("#grid:not([aria-busy])")
    assert page.input_value("#study-board") == "Zz"  # the late answer has left alone what is being typed
    page.press("#study-board", "Enter")
    page.wait_for_selector("#status.error:has-text('is no card')")
    page.click("#undo")
    page.click("summary:has-text('Paste a hand history')")
    page.fill("#study-text", PHH)
    page.click("#study-read")
    page.wait_for_selector(".step:has-text('fold')")
    page.set_viewport_size({"width": 375, "height": 812})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert not faults(page)


@pytest.mark.slow
def test_replay_in_the_browser(page, tmp_path):
    page.click("nav a[href='#replay']")
    file = tmp_path / "hands.phhs"
    file.write_text(f"[1]\n{PHH}\n[2]\n{PHH}")
    page.set_input_files("#replay-file", str(file))
    page.wait_for_selector("#replay-actions button")
    assert page.locator("#replay-hands option").count() == 2
    assert "Ann <b>" in page.inner_text("#replay-table")
    for step in range(5):
        page.wait_for_selector(f"#replay-place:has-text('{step + 1} / 6')")
        assert page.query_selector("#replay-opinion .opinion")
        page.keyboard.press("ArrowRight")
    assert "The hand is over." in page.inner_text("#replay-opinion")
    assert not faults(page)
    page.keyboard.press("Home")
    page.click("#replay-study")
    page.wait_for_selector(".step:has-text('BTN to act')")


def test_a_proxy_may_call_it_by_a_name_and_add_the_encryption():
    with serving(hosts=("poker.example.com",)) as port:
        for host, origin, status in (
            ("poker.example.com", "https://poker.example.com", 200),
            ("poker.example.com", "https://elsewhere.example.com", 403),
            ("elsewhere.example.com", "https://elsewhere.example.com", 403),
        ):
            assert ask(port, "/api/close", {"table": ""}, host=host, origin=origin)[0] == status


@pytest.mark.slow
def test_an_agent_that_can_be_told_in_the_browser(browser):
    """All three pages have the choice, and send it."""
    with serving(tiny_agent(seed=1, told_carelessness=True)) as port:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"http://127.0.0.1:{port}/")

        def told_by(path: str, act: Callable[[], None]) -> float | None:
            with page.expect_request(f"**/api/{path}") as found:
                act()
            return found.value.post_data_json.get("carelessness")

        page.select_option("#carelessness", "0.75")
        assert told_by("table", lambda: page.click("#new-table")) == 0.75
        page.wait_for_selector(READY)
        page.click("nav a[href='#study']")
        page.wait_for_selector(".cell")
        assert told_by("spot", lambda: page.select_option("#study-carelessness", "1")) == 1
        page.click("nav a[href='#replay']")
        page.fill("#replay-text", PHH)
        assert told_by("replay", lambda: page.click("#replay-read")) is None  # anybody
        page.wait_for_selector("#replay-actions button")
        assert told_by("replay", lambda: page.select_option("#replay-carelessness", "0.4")) == 0.4
        page.click("nav a[href='#play']")
        for _ in range(12):
            if page.query_selector("#next"):
                break
            press(page, "#call")
        page.click("#history button")
        page.wait_for_selector("#status:has-text('Hand 1, they took you for careless')")
        assert page.input_value("#replay-carelessness") == "0.4"  # of pasted hands
        assert told_by("spot", lambda: page.click("#replay-study")) == 0.75
        page.wait_for_selector("#grid:not([aria-busy])")
        page.close()


def test_the_static_files_are_in_the_package():
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert "play/web/static/*" in project
