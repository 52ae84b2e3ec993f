#!/usr/bin/env python3
"""Purchases while the largest file that a bank may send is recorded: 50,000 settlements, 200,000 rows.

    cargo build --release --workspace && tests/bench_recording.py [--rate 500] [--rows 200000]

A demo on SQLite gets a closed day of Mandiri's with invented settlements, `load` buys at a rate of arrivals, and
meanwhile the bank records the day's file: each settlement paid by a row, a fee beside each, and interest.
Latency counts from when a purchase was due. The database is thrown away; `verify` would find it broken.
"""

import argparse
import base64
import json
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import urllib.request

SETTLEMENTS = 50_000
DAY = "2018-09-05"
ROOT = pathlib.Path(__file__).resolve().parent.parent


def settle(database: pathlib.Path) -> None:
    """Closes Mandiri's day with a settlement of Rp1,000 for each of many shops."""
    connection = sqlite3.connect(database)
    (bank,) = connection.execute("SELECT id FROM banks WHERE code = 'mandiri'").fetchone()
    shop = connection.execute("SELECT * FROM merchants WHERE bank_id = ? LIMIT 1", (bank,)).fetchone()
    day = int(DAY.replace("-", ""))
    first = 1_000_000_000
    shops, settlements, issuers, accounts = [], [], [], []
    for number in range(1, SETTLEMENTS + 1):
        name = first + number
        accounts.append((name, 4, bank))
        shops.append((name, f"EW-B{number}", *shop[2:]))
        settlements.append((name, bank, name, day, reference(number), 1, 0, 1000, 0, 0))
        issuers.append((name, bank, 1000))
    connection.executemany("INSERT INTO accounts VALUES (?, ?, ?)", accounts)
    marks = ", ".join("?" * len(shop))
    connection.executemany(f"INSERT INTO merchants VALUES ({marks})", shops)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.executemany(f"INSERT INTO settlements VALUES ({', '.join('?' * 10)})", settlements)
    connection.executemany("INSERT INTO settlement_issuers VALUES (?, ?, ?)", issuers)
    connection.commit()
    connection.close()


def reference(number: int) -> str:
    return f"EW008{DAY.replace('-', '')[2:]}{number + 49_999:05}"


def statement(account: str, rows: int) -> bytes:
    """The bank's list: payments, fees, and interest up to so many rows."""
    day = "05/09/18"
    lines = ["Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit"]
    for number in range(rows):
        place = number % SETTLEMENTS + 1
        text, debit, credit = "BUNGA", ".00", "1.00"
        if number < SETTLEMENTS:
            text, debit, credit = f"BPNT {reference(place)}", ".00", "1000.00"
        elif number < 2 * SETTLEMENTS:
            text, debit, credit = f"BIAYA ADM {reference(place)}", "10.00", ".00"
        lines.append(f"{account},{day},{day},1,{text},,{number},{debit},{credit}")
    return "\n".join(lines).encode()


def call(url: str, body: bytes, headers: dict) -> dict:
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def token(base: str, login: dict) -> dict:
    pair = f"{login['client_id']}:{login['client_secret']}".encode()
    form = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    form["Content-Type"] = "application/x-www-form-urlencoded"
    answer = call(f"{base}/oauth/token", b"grant_type=client_credentials", form)
    return {"Authorization": f"Bearer {answer['access_token']}", "Content-Type": "application/json"}


def post(base: str, path: str, headers: dict, body: dict) -> dict:
    return call(base + path, json.dumps(body).encode(), headers)


def peak(pid: int) -> str:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(line for line in status.splitlines() if line.startswith("VmHWM")).split(":")[1].strip()


def serve(programs: pathlib.Path, data: pathlib.Path) -> tuple:
    address = "127.0.0.1:18091"
    keys = next(data.glob("*.keys"))
    database = next(data.glob("*.db"))
    command = [programs / "pos-api", "--log", "warn", "serve", "--addr", address]
    command += ["--database-url", f"sqlite:{database}", "--keys", keys]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process, f"http://{address}"


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rate", type=int, default=500)
    options.add_argument("--rows", type=int, default=200_000)
    options.add_argument("--profile", default="release")
    asked = options.parse_args()
    programs = ROOT / "target" / asked.profile
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder)
        made = [programs / "pos-api", "demo", "--no-serve", "--data", data, "--cards", "20000"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        demo = json.loads((data / "demo.json").read_text())
        bank = demo["clients"]["bank"]
        login = bank["mandiri"] if isinstance(bank, dict) else next(b for b in bank if b["bank"] == "mandiri")
        server, base = serve(programs, data)
        headers = token(base, login)
        closing = {"bank": "mandiri", "business_date": DAY}
        while post(base, "/v1/settlements", headers, {"business_date": DAY})["state"] != "closed":
            time.sleep(0.2)
        server.terminate()
        server.wait()
        settle(next(data.glob("*.db")))
        server, base = serve(programs, data)
        headers = token(base, login)
        with urllib.request.urlopen(urllib.request.Request(f"{base}/v1/me", headers=headers)) as me:
            account = json.load(me)["account_number"]
        content = base64.b64encode(statement(account, asked.rows)).decode()
        buy = [programs / "load", "--demo", data / "demo.json", "--base-url", base, "--every-second"]
        for name, is_recorded in [("alone", False), ("beside the recording", True)]:
            seconds = 20 if not is_recorded else 30
            load = subprocess.Popen(
                [*buy, "--rate", str(asked.rate), "--connections", "64", "--seconds", str(seconds)],
                stdout=subprocess.PIPE,
                text=True,
            )
            time.sleep(3)
            if is_recorded:
                began = time.monotonic()
                body = {**closing, "files": [{"name": "bank.csv", "content": content}]}
                recorded = post(base, "/v1/reconciliations", headers, body)
                print(f"recorded in {time.monotonic() - began:.1f} s, peak memory {peak(server.pid)}")
                print(json.dumps(recorded["summary"]["totals"]))
            print(f"--- {name}\n{load.communicate()[0]}", flush=True)
        began = time.monotonic()
        post(base, "/v1/reconciliations", headers, {**closing, "files": []})
        print(f"again without a file: {time.monotonic() - began:.1f} s")
        server.terminate()
        server.wait()


main()
