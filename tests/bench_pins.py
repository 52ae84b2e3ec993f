#!/usr/bin/env python3
"""Whether the time of an answer tells which card numbers exist: inquiries with a wrong PIN against those of unknown numbers.

    cargo build --release --workspace && tests/bench_pins.py [--database-url postgres://...] [--count 2000]

A demo is asked for balances over one connection, by turns with a card's number and a wrong PIN and with a number that
no card has; then with the same numbers once more, which are remembered by then. Medians and tenths of each, and their ratio.
"""

import argparse
import base64
import http.client
import json
import pathlib
import random
import statistics
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
ADDRESS = ("127.0.0.1", 18_097)


def check_digit(number: str) -> str:
    """The digit that makes a number a card's (Luhn)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        double = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += double - 9 if double > 9 else double
    return str(-total % 10)


def unknown(known: set, count: int, chance: random.Random) -> list:
    """Numbers that no card has, with a card's beginning and length."""
    numbers = []
    while len(numbers) < count:
        number = f"601301{chance.randrange(10**9):09}"
        number += check_digit(number)
        if number not in known:
            numbers.append(number)
    return numbers


def ready() -> http.client.HTTPConnection:
    """A connection to the demo, once it serves."""
    for _ in range(1200):
        try:
            connection = http.client.HTTPConnection(*ADDRESS)
            connection.request("GET", "/readyz")
            connection.getresponse().read()
            return connection
        except OSError:
            time.sleep(0.25)
    raise SystemExit("the demo does not serve")


def token(connection: http.client.HTTPConnection, client: dict) -> str:
    pair = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/x-www-form-urlencoded"}
    body = urllib.parse.urlencode({"grant_type": "client_credentials"})
    connection.request("POST", "/oauth/token", body, headers)
    return json.load(connection.getresponse())["access_token"]


def asked(connection: http.client.HTTPConnection, bearer: str, number: str, pin: str) -> float:
    """Microseconds until an inquiry was refused as a wrong PIN."""
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    body = json.dumps({"card_number": number, "pin": pin})
    begun = time.perf_counter()
    connection.request("POST", "/v1/balance-inquiries", body, headers)
    answer = connection.getresponse()
    problem = json.loads(answer.read())
    took = (time.perf_counter() - begun) * 1e6
    assert (answer.status, problem["code"]) == (402, "pin_wrong"), problem
    return took


def measure(connection: http.client.HTTPConnection, bearer: str, pairs: list) -> tuple:
    times = ([], [])
    for turn, pair in enumerate(pairs):
        # Whichever goes first in one pair goes second in the next.
        for side in (0, 1) if turn % 2 == 0 else (1, 0):
            times[side].append(asked(connection, bearer, *pair[side]))
    return times


def tell(name: str, times: tuple) -> None:
    def tenth(side: list) -> float:
        return statistics.quantiles(side, n=10)[0]

    for what, figure in (("median", statistics.median), ("first tenth", tenth)):
        card, nobody = figure(times[0]), figure(times[1])
        print(f"{name}: {what} {card:.0f} us of a card, {nobody:.0f} us of none, ratio {nobody / card:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--database-url", help="an empty database; SQLite without it")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--profile", default="release")
    options = parser.parse_args()
    program = ROOT / "target" / options.profile / "pos-api"
    with tempfile.TemporaryDirectory() as folder:
        address = f"{ADDRESS[0]}:{ADDRESS[1]}"
        command = [program, "demo", "--addr", address, "--data", folder]
        command += ["--database-url", options.database_url] if options.database_url else []
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            connection = ready()
            demo = json.loads(pathlib.Path(folder, "demo.json").read_text())
            cards = demo["cards"][: options.count]
            known = {card["card_number"] for card in demo["cards"]}
            wrong = [(card["card_number"], "271829" if card["pin"] != "271829" else "271828") for card in cards]
            nobody = [(number, "271829") for number in unknown(known, len(cards), random.Random(7))]
            bearer = token(connection, demo["clients"]["merchant"][0])
            pairs = list(zip(wrong, nobody))
            tell("asked for the first time", measure(connection, bearer, pairs))
            tell("once more", measure(connection, bearer, pairs))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
