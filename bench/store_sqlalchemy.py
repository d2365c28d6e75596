#!/usr/bin/env python3
"""The peer of bench/store: the same rows by way of python3-sqlalchemy into SQLite, as a tracker in Python writes them.

store_sqlalchemy.py [FOLDER]: one commit a row, and bulk_insert_mappings by 1,000 rows a commit; rows/s of each.
"""
import os
import sys
import tempfile
import time

from sqlalchemy import Column, DateTime, Float, Integer, String, create_engine, event, func
from sqlalchemy.orm import Session, declarative_base

SECONDS = 5
BATCH = 1000
NAMES = ("loss", "loss_reconstructed", "l0_sparsity", "l1_sparsity", "dead_neurons", "explained_variance", "learning_rate", "grad_norm", "gpu_memory_used_mb", "samples_per_second")
Base = declarative_base()


class Metric(Base):
    __tablename__ = "training_metrics"
    id = Column(Integer, primary_key=True)
    training_id = Column(String, index=True)
    step = Column(Integer)
    timestamp = Column(DateTime, server_default=func.now())
    locals().update({name: Column(Float) for name in NAMES})


def row(step):
    return {"training_id": "trn_peer", "step": step, **{name: 1 / (step + i + 1) for i, name in enumerate(NAMES)}}


def durable(connection, _):
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def measure(folder, name, write):
    engine = create_engine("sqlite:///" + os.path.join(folder, name + ".db"))
    event.listen(engine, "connect", durable)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        step, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < SECONDS:
            step = write(session, step)
            session.commit()
        print("  %-35s %10.0f rows/s" % (name, step / (time.perf_counter() - begun)))
    engine.dispose()


def one(session, step):
    session.add(Metric(**row(step)))
    return step + 1


def bulk(session, step):
    session.bulk_insert_mappings(Metric, [row(step + i) for i in range(BATCH)])
    return step + BATCH


with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
    measure(folder, "one commit a row", one)
    measure(folder, "bulk_insert_mappings by %d" % BATCH, bulk)
