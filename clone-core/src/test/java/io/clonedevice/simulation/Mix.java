package io.clonedevice.simulation;

/** Makes numbers that lie close to each other look unlike. */
final class Mix {
  private Mix() {}

  static long of(long value) {
    long mixed = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ (mixed >>> 33);
  }
}
