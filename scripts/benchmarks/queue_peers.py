"""The peers of the queue: the same task that does nothing, in Celery and in huey; and who submits it.

usage: python -c 'import queue_peers; queue_peers.main()' celery|huey COUNT BATCH

A worker finds the tasks by the name of this module, so it is never the main program.
"""
import os, sys, time

import redis
from celery import Celery, group
from huey import RedisHuey

SOCKET = os.environ["QUEUE_SOCKET"]
celery_app = Celery("queue_peers", broker=f"redis+socket://{SOCKET}", backend=f"redis+socket://{SOCKET}")
huey_app = RedisHuey("peers", connection_pool=redis.ConnectionPool(
    connection_class=redis.UnixDomainSocketConnection, path=SOCKET))


@celery_app.task(name="noop")
def celery_noop():
    return 1


@huey_app.task()
def huey_noop():
    return 1


def submit(name, count, batch):
    for first in range(0, count, batch):
        if name == "celery" and batch > 1:
            group(celery_noop.s() for _ in range(first, min(first + batch, count))).apply_async()
            continue
        for _ in range(first, min(first + batch, count)):
            celery_noop.delay() if name == "celery" else huey_noop()


def results(name, connection):
    if name == "huey":
        return connection.hlen("huey.results.peers")
    return sum(1 for _ in connection.scan_iter("celery-task-meta-*", count=10000))


def wait(name, connection, count):
    while results(name, connection) < count:
        time.sleep(0.02)


def main():
    name, count, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    connection = redis.Redis(unix_socket_path=SOCKET)
    for _ in range(200):
        try:
            connection.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.05)
    # The workers are up once they have done a few.
    submit(name, 20, 1)
    wait(name, connection, 20)
    start = time.monotonic()
    submit(name, count, batch)
    wait(name, connection, count + 20)
    print(count / (time.monotonic() - start))

