#!/usr/bin/env python3
"""Checks many metadata images with clone_meta.py, an independent checker, in one go.

    check_images.py FOLDER LIST      FOLDER holds clone_meta.py, LIST names one image a line

Prints for each image, in the order given, one line of fields parted by tabs:

    ok USED TOTAL HYDRATED RANGES NOTES     RANGES as FIRST+COUNT,FIRST+COUNT,...
    fault FAULTS
"""
import functools
import multiprocessing
import sys

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import clone_meta  # noqa: E402

# Images of one history share most of their blocks.
clone_meta.block_checksum = functools.lru_cache(1 << 12)(clone_meta.block_checksum)


def check(path):
    try:
        checker = clone_meta.Checker(clone_meta.Image(path))
        sound = checker.run()
    except Exception as trouble:  # a checker that stumbles has found something, too
        return f'fault\t{type(trouble).__name__}: {trouble}'
    if not sound:
        return 'fault\t' + '; '.join(checker.faults)
    ranges = clone_meta.ranges(checker.words, checker.info['nr_regions'])
    return '\t'.join(['ok', str(checker.info['used']), str(checker.info['total']),
                      str(sum(count for _, count in ranges)),
                      ','.join(f'{first}+{count}' for first, count in ranges),
                      '; '.join(checker.notes)])


if __name__ == '__main__':
    with open(sys.argv[2]) as listing:
        images = listing.read().split('\n')[:-1]
    with multiprocessing.Pool() as pool:
        for result in pool.imap(check, images, chunksize=16):
            print(result)
