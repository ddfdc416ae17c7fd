package io.clonedevice.engine;

import java.nio.ByteBuffer;

/**
 * Refuses misuse in the caller, before anything is touched.
 *
 * @param deviceSize bytes
 * @param logicalBlockSize bytes, a power of two
 */
record RequestCheck(long deviceSize, int logicalBlockSize) {
  void range(String request, long offset, long length) {
    if (offset < 0 || length < 0 || offset > deviceSize || length > deviceSize - offset) {
      throw new IllegalArgumentException(
          request
              + " of "
              + length
              + " bytes at byte "
              + offset
              + " leaves the device, which has "
              + deviceSize
              + " bytes");
    }
    if (((offset | length) & (logicalBlockSize - 1)) != 0) {
      throw new IllegalArgumentException(
          request
              + " of "
              + length
              + " bytes at byte "
              + offset
              + " is not aligned; offset and length must be multiples of "
              + logicalBlockSize
              + " bytes");
    }
  }

  static void writable(ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("read needs a writable buffer, this one is read-only");
    }
  }
}
