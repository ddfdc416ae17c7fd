package io.clonedevice.metadata.tool;

import io.clonedevice.metadata.BoundedBlocks;
import io.clonedevice.metadata.MetadataDevice;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.metadata.persistent.ArrayBlockSource;
import io.clonedevice.metadata.persistent.MetadataFormatter;
import io.clonedevice.metadata.persistent.MetadataLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A device that gets its whole metadata written by a tool. */
final class BlankDevice {
  private static final int BLOCKS_AT_ONCE = 32;

  /** What block 0 holds meanwhile: nothing opens it, and nothing takes it for a new clone. */
  private static final String UNFINISHED =
      "The metadata on this device is not complete: the tool that wrote it was interrupted."
          + " Wipe this block, then run the tool again.\n";

  private BlankDevice() {}

  /**
   * Refuses a device that is not all zeroes.
   *
   * @throws IOException if it is not, or cannot be read
   */
  static void require(MetadataDevice device) throws IOException {
    BoundedBlocks blocks = new BoundedBlocks(device);
    ByteBuffer zeroes = ByteBuffer.allocateDirect(BLOCKS_AT_ONCE * MetadataDevice.BLOCK_SIZE);
    ByteBuffer buffer = ByteBuffer.allocateDirect(zeroes.capacity());
    for (long block = 0; block < blocks.blockCount(); block += BLOCKS_AT_ONCE) {
      int length =
          (int) Math.min(BLOCKS_AT_ONCE, blocks.blockCount() - block) * MetadataDevice.BLOCK_SIZE;
      blocks.read(block, buffer.clear().limit(length));
      int different = buffer.flip().mismatch(zeroes.clear().limit(length));
      if (different >= 0) {
        throw new IOException(
            "the metadata device is not empty: metadata block "
                + (block + different / MetadataDevice.BLOCK_SIZE)
                + " is not all zeroes; use another device, or wipe this one if nothing on it is"
                + " needed");
      }
    }
  }

  /**
   * Writes metadata; whatever the device held is lost from the first moment on.
   *
   * @throws IOException if the device is too small or failed, or what is to be written could not be
   *     read
   */
  static void format(MetadataDevice device, RegionGeometry geometry, ArrayBlockSource source)
      throws IOException {
    requireRoom(device, geometry);
    ByteBuffer block = ByteBuffer.allocateDirect(MetadataDevice.BLOCK_SIZE);
    block.put(UNFINISHED.getBytes(StandardCharsets.US_ASCII));
    device.write(0, block.clear());
    device.flush();
    MetadataFormatter.format(
        new BoundedBlocks(device), geometry.regionSectors(), geometry.deviceSectors(), source);
  }

  private static void requireRoom(MetadataDevice device, RegionGeometry geometry)
      throws IOException {
    long needed = MetadataLayout.blocksToFormat(geometry.regionCount());
    if (device.blockCount() < needed) {
      throw new IOException(
          "Metadata device too small: "
              + device.blockCount() * MetadataDevice.BLOCK_SIZE
              + " bytes, "
              + geometry.regionCount()
              + " regions need "
              + needed * MetadataDevice.BLOCK_SIZE
              + "; "
              + MetadataSize.forRegions(geometry.regionCount())
              + " are recommended");
    }
  }
}
