#!/usr/bin/env python3
"""Obeys a plan, a text file of one command a line, with the device mapper of this kernel.

    data PATH                                where later writes take their bytes from
    create NAME TABLE...                     makes the device NAME from a table line
    write NAME OFFSET LENGTH DATA_OFFSET     direct I/O, all numbers are bytes
    discard NAME OFFSET LENGTH
    flush NAME
    enable NAME                              turns background copying on
    disable NAME REGIONS                     turns it off once that many regions are hydrated
    status NAME TAG                          prints "status TAG LINE"
    compare DEVICE EXPECTED OFFSET LENGTH TAG    the first LENGTH bytes of a device with those of
                                             another at OFFSET; prints "same TAG" or
                                             "differs TAG at byte N"
    remove NAME

Prints "done" at the end, or "failed", the command, what it said and the kernel's last lines, and
then exits with status 1.
"""
import ctypes
import fcntl
import mmap
import os
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

BLKDISCARD = 0x1277
CHUNK = 4 << 20
PATIENCE_SECONDS = 240


class Trouble(Exception):
    pass


def say(*words):
    print(*words, flush=True)


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Trouble(f'{" ".join(command)}: {done.stdout.strip()}')
    return done.stdout.strip()


class Guest:
    def __init__(self):
        self.open_files = {}
        self.data = None
        # Maps of their own are aligned as direct I/O wants it.
        self.one, self.other = mmap.mmap(-1, CHUNK), mmap.mmap(-1, CHUNK)
        self.reader = ThreadPoolExecutor(1)

    def device(self, name):
        """An open file over a mapped device; write and flush share it, so a flush is a flush."""
        if name not in self.open_files:
            path = name if name.startswith('/') else '/dev/mapper/' + name
            self.open_files[name] = os.open(path, os.O_RDWR | os.O_DIRECT)
        return self.open_files[name]

    def close(self, name):
        if name in self.open_files:
            os.close(self.open_files.pop(name))

    def do_data(self, path):
        with open(path, 'rb') as file:
            self.data = file.read()

    def do_create(self, name, *table):
        run('dmsetup', 'create', name, '--table', ' '.join(table))

    def do_write(self, name, offset, length, data_offset):
        offset, left, at = int(offset), int(length), int(data_offset)
        if at + left > len(self.data):
            raise Trouble('the data file is too short')
        while left:
            count = min(left, CHUNK)
            self.one[:count] = self.data[at:at + count]
            with memoryview(self.one) as view, view[:count] as part:
                if os.pwrite(self.device(name), part, offset) != count:
                    raise Trouble(f'short write at byte {offset}')
            offset, at, left = offset + count, at + count, left - count

    def do_discard(self, name, offset, length):
        fcntl.ioctl(self.device(name), BLKDISCARD, struct.pack('QQ', int(offset), int(length)))

    def do_flush(self, name):
        os.fsync(self.device(name))

    def counts(self, name):
        """Hydrated regions, regions of the device, regions being copied."""
        words = run('dmsetup', 'status', name).split()
        if words[-1] != 'rw':
            raise Trouble('status ' + ' '.join(words))
        hydrated, regions = words[6].split('/')
        return int(hydrated), int(regions), int(words[7])

    def do_enable(self, name):
        run('dmsetup', 'message', name, '0', 'enable_hydration')

    def do_disable(self, name, wanted):
        end = time.monotonic() + PATIENCE_SECONDS
        while self.counts(name)[0] < int(wanted):
            if time.monotonic() > end:
                raise Trouble('copying does not end')
            time.sleep(0.02)
        run('dmsetup', 'message', name, '0', 'disable_hydration')
        # A suspended device has nothing in flight.
        run('dmsetup', 'suspend', name)
        run('dmsetup', 'resume', name)

    def do_status(self, name, tag):
        say('status', tag, run('dmsetup', 'status', name))

    def fill(self, buffer, file, offset, count):
        with memoryview(buffer) as view, view[:count] as part:
            if os.preadv(file, [part], offset) != count:
                raise Trouble(f'short read at byte {offset}')

    def do_compare(self, name, expected, offset, length, tag):
        offset, length = int(offset), int(length)
        memcmp = ctypes.CDLL(None).memcmp
        memcmp.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
        addresses = [ctypes.addressof(ctypes.c_char.from_buffer(b)) for b in (self.one, self.other)]
        wanted = os.open(expected, os.O_RDONLY | os.O_DIRECT)
        try:
            for at in range(0, length, CHUNK):
                count = min(CHUNK, length - at)
                filled = self.reader.submit(self.fill, self.other, wanted, offset + at, count)
                self.fill(self.one, self.device(name), at, count)
                filled.result()
                if memcmp(*addresses, count):
                    first = next(i for i in range(count) if self.one[i] != self.other[i])
                    say('differs', tag, 'at byte', at + first)
                    return
        finally:
            os.close(wanted)
            if name.startswith('/'):
                self.close(name)
        say('same', tag)

    def do_remove(self, name):
        self.close(name)
        run('dmsetup', 'remove', '--retry', name)

    def obey(self, plan):
        with open(plan) as lines:
            for line in lines:
                words = line.split()
                try:
                    getattr(self, 'do_' + words[0])(*words[1:])
                except (Trouble, OSError) as trouble:
                    say('failed', line.strip())
                    say(str(trouble))
                    say(run('dmesg')[-2000:])
                    return 1
        say('done')
        return 0


sys.exit(Guest().obey(sys.argv[1]))
