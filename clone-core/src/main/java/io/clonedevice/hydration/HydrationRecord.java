package io.clonedevice.hydration;

import org.agrona.MutableDirectBuffer;

/**
 * The record in both ring buffers; the message type tells what it means.
 *
 * <pre>
 *    0        4        8               16               24               32
 *   +--------+--------+----------------+----------------+----------------+
 *   | device | failed |  first region  |  region count  |  duration, ns  |
 *   +--------+--------+----------------+----------------+----------------+
 * </pre>
 *
 * Fields that a message type does not use are 0.
 */
final class HydrationRecord {
  /** Message type: look at this device. */
  static final int WORK = 1;

  /** Message type: these regions should be copied next. */
  static final int WANTED_SOON = 2;

  /** Message type: the copy of these regions has ended. */
  static final int COPY_ENDED = 3;

  static final int LENGTH = 32;

  static final int DEVICE_OFFSET = 0;
  static final int FAILED_OFFSET = 4;
  static final int FIRST_REGION_OFFSET = 8;
  static final int REGION_COUNT_OFFSET = 16;
  static final int DURATION_OFFSET = 24;

  private HydrationRecord() {}

  static void encode(
      MutableDirectBuffer buffer,
      int index,
      int deviceId,
      boolean failed,
      long firstRegion,
      long regionCount,
      long durationNs) {
    buffer.putInt(index + DEVICE_OFFSET, deviceId);
    buffer.putInt(index + FAILED_OFFSET, failed ? 1 : 0);
    buffer.putLong(index + FIRST_REGION_OFFSET, firstRegion);
    buffer.putLong(index + REGION_COUNT_OFFSET, regionCount);
    buffer.putLong(index + DURATION_OFFSET, durationNs);
  }
}
