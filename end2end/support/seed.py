"""Puts many collections into the database of a portal that is not running: DATABASE COUNT.

Each row is a copy of the newest real one with an id of its own time, so that it has whatever the
program itself writes.
"""

import sqlite3
import sys
import uuid

database, count = sys.argv[1], int(sys.argv[2])
states = ["complete", "partially_complete", "failed", "cancelled"]

with sqlite3.connect(database) as connection:
    columns = [row[1] for row in connection.execute("PRAGMA table_info(collection)")]
    model = dict(zip(columns, connection.execute("SELECT * FROM collection ORDER BY id DESC LIMIT 1").fetchone()))
    oldest = model["created_at"]
    for number in range(1, count + 1):
        # one every ten minutes, back from the model
        created_at = oldest - number * 600_000_000
        milliseconds = created_at // 1000
        value = (milliseconds << 80) | (0x7 << 76) | (0b10 << 62) | number
        row = model | {
            "id": str(uuid.UUID(int=value)),
            "created_at": created_at,
            "started_at": created_at,
            "ended_at": created_at + 1_000_000,
            "state": states[number % 4],
            "kind": "proactive" if number % 10 == 0 else "manual",
            "asked_by": f"seed {number}",
        }
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO collection ({names}) VALUES ({marks})", list(row.values()))
        connection.execute(
            "INSERT INTO consent (id, scope, version, given_by, given_at, collection_id) VALUES (?, ?, ?, ?, ?, ?)",
            [str(uuid.uuid4()), "collection", "2026-11", "seed", created_at, row["id"]],
        )
