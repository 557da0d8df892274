"""Event files read without TensorBoard: framing, checksums, and the messages that umbel writes, by the numbers of their fields."""
import os
import struct

CRC_TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    CRC_TABLE.append(byte)


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        length, = struct.unpack_from("<Q", data, at)
        record = data[at + 12:at + 12 + length]
        sums = struct.unpack_from("<I", data, at + 8) + struct.unpack_from("<I", data, at + 12 + length)
        assert len(record) == length, f"{path}: torn at byte {at}"
        assert sums == (masked_crc32c(data[at:at + 8]), masked_crc32c(record)), f"{path}: checksum at byte {at}"
        yield record
        at += 16 + length


def fields(data):
    """Protocol buffers: the number and the value of each field, whole numbers as such, all else as bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return value

    while at < len(data):
        key = varint()
        wire = key & 7
        if wire == 0:
            yield key >> 3, varint()
            continue
        length = {1: 8, 5: 4}.get(wire) or varint()
        assert wire in (1, 2, 5) and at + length <= len(data)
        yield key >> 3, data[at:at + length]
        at += length


def doubles(data):
    return list(struct.unpack(f"<{len(data) // 8}d", data))


def histogram(data):
    got = {number: doubles(value) for number, value in fields(data)}
    return {"min": got[1][0], "max": got[2][0], "num": got[3][0], "sum": got[4][0], "squares": got[5][0], "limits": got[6], "counts": got[7]}


def text(value):
    tensor, metadata = dict(fields(value[8])), dict(fields(value[9]))
    assert dict(fields(metadata[1])) == {1: b"text"} and tensor[1] == 7 and set(tensor) == {1, 8}
    return tensor[8].decode()


def read_value(data):
    value = dict(fields(data))
    tag = value[1].decode()
    if 2 in value:
        return tag, "scalar", struct.unpack("<f", value[2])[0]
    if 4 in value:
        return tag, "picture", dict(fields(value[4]))
    if 5 in value:
        return tag, "histogram", histogram(value[5])
    return tag, "text", text(value)


class Events:
    """The events of a folder as TensorBoard shows them: .shown[kind][tag][step]; .starts: steps from which on each file counts;
    .raw: all values (tag, step) that there are, also those that do not count."""

    def __init__(self, folder):
        self.files = sorted(os.listdir(folder))
        self.shown = {kind: {} for kind in ("scalar", "picture", "histogram", "text")}
        self.starts, self.raw = [], []
        for name in self.files:
            assert name.startswith("events.out.tfevents."), name
            for index, record in enumerate(records(os.path.join(folder, name))):
                self.take(index, dict(fields(record)))

    def take(self, index, event):
        step = event[2]
        assert 1e9 < doubles(event[1])[0] < 1e10 and step < 1 << 40
        if index == 0:
            assert event[3] == b"brain.Event:2" and set(event) == {1, 2, 3}
        elif index == 1:
            assert event[7] == b"\x08\x01" and set(event) == {1, 2, 7}
            self.starts.append(step)
            for tags in self.shown.values():
                for tag, steps in tags.items():
                    tags[tag] = {at: value for at, value in steps.items() if at < step}
        else:
            assert set(event) == {1, 2, 5}
            for _, data in fields(event[5]):
                tag, kind, value = read_value(data)
                self.raw.append((tag, step))
                self.shown[kind].setdefault(tag, {})[step] = value
