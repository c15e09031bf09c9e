"""Reads the published vectors of the sealed record (suite 1) with nothing of the product's own code.

Usage: decode_record.py <record.vectors.json>. Prints one line per vector; exit code 0 when all open and no damaged copy
does, 1 otherwise, 77 when the `cryptography` package cannot be imported.
"""

import hmac
import json
import struct
import sys
import uuid

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA512
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

INFO = b"grantway/record/v1"


def open_record(key: bytes, key_id: str, context: list[str], record: bytes) -> bytes:
    """The plaintext, or ValueError."""
    if len(record) < 111 or record[:3] != b"\xa7\x01\x01":
        raise ValueError("not a record of suite 1")
    header, salt, iv = record[:19], record[19:51], record[51:63]
    if header[3:] != uuid.UUID(key_id).bytes:
        raise ValueError("another key")
    okm = HKDF(algorithm=SHA512(), length=64, salt=salt, info=INFO + header).derive(key)
    if not hmac.compare_digest(okm[32:], record[63:95]):
        raise ValueError("the commitment is another key's")
    fields = b"".join(struct.pack(">I", len(f.encode())) + f.encode() for f in context)
    try:
        return AESGCM(okm[:32]).decrypt(iv, record[95:], header + salt + fields)
    except InvalidTag:
        raise ValueError("the tag does not fit") from None


def opens(*arguments) -> bool:
    try:
        open_record(*arguments)
        return True
    except ValueError:
        return False


def main(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    failed = 0
    for vector in vectors:
        key, record = bytes.fromhex(vector["key"]), bytes.fromhex(vector["record"])
        arguments = (key, vector["key_id"], vector["context"])
        try:
            good = open_record(*arguments, record).hex() == vector["plaintext"]
        except ValueError as error:
            print(f"{vector['description']}: {error}")
            good = False
        damaged = 0
        for at in range(len(record)):
            if opens(*arguments, record[:at] + bytes([record[at] ^ 1]) + record[at + 1 :]) or opens(*arguments, record[:at]):
                damaged += 1
        moved = opens(key, vector["key_id"], [*vector["context"], "x"], record)
        if not good or damaged or moved:
            failed += 1
        print(f"{'ok' if good and not damaged and not moved else 'FAILED'}: {vector['description']}")
    print(f"{len(vectors) - failed} of {len(vectors)} vectors")
    return 1 if failed or not vectors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
