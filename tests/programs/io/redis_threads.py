"""Threads share a Redis client with a pool: pipelines, lists, publish and subscribe. Argument: port."""

import sys
import threading

import redis


def worker(client, number):
    with client.pipeline() as pipeline:
        for item in range(5):
            pipeline.rpush("queue", f"{number}.{item}")
            pipeline.incr("count")
        print(f"worker {number}: {pipeline.execute()[-1]}")


def main():
    client = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
    client.delete("queue", "count")
    subscription = client.pubsub(ignore_subscribe_messages=True)
    subscription.subscribe("news")
    threads = [threading.Thread(target=worker, args=(client, i)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("queue:", client.lrange("queue", 0, -1))
    client.publish("news", "done")
    while (message := subscription.get_message(timeout=5)) is None:
        pass
    print("heard:", message["data"])
    print("server:", client.info("server")["run_id"], client.time())


if __name__ == "__main__":
    main()
