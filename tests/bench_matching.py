"""Runs `matching` and DuckDB by turns on the same files; prints medians, and fails below a floor."""

import json
import resource
import statistics
import subprocess
import sys

PROGRAM = "target/release/matching"

# Both sides of each reference with their amounts, and how they stand to each other. The reference is
# cut out where it stands in this file; the program looks for it in the whole text.
JOIN = """
WITH ledger AS (
    SELECT reference, amount FROM read_csv('{folder}/ledger.csv')
), bank AS (
    SELECT nullif(split_part(DESK_TRAN, ';', 2), '') AS reference,
           coalesce(nullif(split_part(DESK_TRAN, ';', 2), ''), 'row ' || row_number() OVER ()) AS key,
           MUTASI_KREDIT::DECIMAL(18, 2) - MUTASI_DEBET::DECIMAL(18, 2) AS amount
    FROM read_csv('{folder}/bank.csv', header = true)
), paid AS (
    SELECT key, any_value(reference) AS reference, count(*) AS times, sum(amount) AS amount
    FROM bank GROUP BY key
)
SELECT CASE WHEN paid.key IS NULL THEN 'ledger_only'
            WHEN ledger.reference IS NULL THEN 'bank_only'
            WHEN paid.times > 1 THEN 'duplicate_in_bank'
            WHEN paid.amount = ledger.amount THEN 'matched'
            ELSE 'amount_differs' END AS status,
       count(*), sum(ledger.amount), sum(paid.amount)
FROM ledger FULL JOIN paid ON ledger.reference = paid.reference
GROUP BY status
"""

DUCKDB = """
import json, resource, sys, time
import duckdb
start = time.perf_counter()
connection = duckdb.connect()
connection.execute("SET enable_progress_bar = false")
rows = connection.execute(sys.argv[1]).fetchall()
took = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"took_ms": took * 1000, "peak_bytes": peak,
                  "statuses": {row[0]: row[1] for row in rows}}))
"""


def answer(*command):
    """The program's answer, with the processor time that it took, start and end included."""

    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1000 * (usage.ru_utime + usage.ru_stime)

    before = used()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout) | {"cpu_ms": used() - before}


def main():
    folder, runs = sys.argv[1], int(sys.argv[2])
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(answer(PROGRAM, "match", folder))
        theirs.append(answer(sys.executable, "-c", DUCKDB, JOIN.format(folder=folder)))
    camt = [answer(PROGRAM, "camt", folder) for _ in range(max(1, runs // 2))]

    def median(figures, name):
        return statistics.median(figure[name] for figure in figures)

    first = ours[0]
    assert first["statuses"] == theirs[0]["statuses"], (first["statuses"], theirs[0]["statuses"])
    assert first["control_holds"] and first["balances_hold"] == [True], first
    assert camt[0]["balances_hold"] == [True], camt[0]
    took, joined = median(ours, "took_ms"), median(theirs, "took_ms")
    held, held_by_join = median(ours, "peak_bytes"), median(theirs, "peak_bytes")
    a_line = held / (first["lines"] + first["rows"])
    print(f"{first['lines']} ledger lines, {first['rows']} rows: {first['statuses']}")
    parts = ", ".join(
        f"{name} {median(ours, name + '_ms'):.0f} ms" for name in ("bank_read", "waited", "matched")
    )
    print(
        f"matching: {took:.0f} ms ({parts}; processors {median(ours, 'cpu_ms'):.0f} ms), "
        f"{held / 1e6:.0f} MB, {a_line:.0f} bytes a line"
    )
    print(
        f"DuckDB:   {joined:.0f} ms (processors {median(theirs, 'cpu_ms'):.0f} ms), "
        f"{held_by_join / 1e6:.0f} MB; ratio {took / joined:.2f}"
    )
    seconds = median(camt, "took_ms") / 1000
    print(
        f"camt:     {camt[0]['bytes'] / 1e6:.0f} MB, {camt[0]['rows']} rows in {seconds:.1f} s, "
        f"{median(camt, 'peak_bytes') / 1e6:.1f} MB held"
    )
    if took > 1.5 * joined or a_line >= 300:
        sys.exit("below the floor: at most 1.5 times DuckDB's time, less than 300 bytes a line")


if __name__ == "__main__":
    main()
