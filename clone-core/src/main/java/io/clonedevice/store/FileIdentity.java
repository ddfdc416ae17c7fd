package io.clonedevice.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * What a path leads to: equal for two paths to the same file (through links of either kind) and for
 * two device nodes of the same block device.
 *
 * @param key device and inode, or the number of the block device; where the system has neither, the
 *     real path
 */
record FileIdentity(Object key) {
  private static final int TYPE_MASK = 0170000;
  private static final int BLOCK_DEVICE = 0060000;

  static FileIdentity of(Path path) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    if (attributes.isRegularFile()) {
      Object key = attributes.fileKey();
      return new FileIdentity(key != null ? key : path.toRealPath());
    }
    if (isBlockDevice(path)) {
      return new FileIdentity(new DeviceNumber(deviceNumber(path)));
    }
    throw new IOException(
        path + " is neither a regular file nor a block device; name one of these");
  }

  // A record's own methods are prepared at their first use: 25 ms of a command's start.

  @Override
  public boolean equals(Object other) {
    return other instanceof FileIdentity that && key.equals(that.key);
  }

  @Override
  public int hashCode() {
    return key.hashCode();
  }

  boolean isBlockDevice() {
    return key instanceof DeviceNumber;
  }

  static boolean isBlockDevice(Path path) throws IOException {
    return path.getFileSystem().supportedFileAttributeViews().contains("unix")
        && ((Integer) Files.getAttribute(path, "unix:mode") & TYPE_MASK) == BLOCK_DEVICE;
  }

  /** Returns the number of a block device as the kernel encodes it in {@code st_rdev}. */
  static long deviceNumber(Path path) throws IOException {
    return (Long) Files.getAttribute(path, "unix:rdev");
  }

  /** The number of a block device; a type of its own, so that it never equals a file's key. */
  private record DeviceNumber(long rdev) {}
}
