"""Serves the Kafka protocol from memory until it is killed, and writes its address to the file that is named."""
import os
import sys
import time

from confluent_kafka import Producer

# The metadata has the address of the broker.
producer = Producer({"test.mock.num.brokers": 1})
metadata = producer.list_topics(timeout=10)
broker = next(iter(metadata.brokers.values()))
draft = sys.argv[1] + ".new"
with open(draft, "w") as file:
    file.write(f"{broker.host}:{broker.port}")
os.rename(draft, sys.argv[1])
while True:
    time.sleep(3600)
