package io.clonedevice.store;

import static org.junit.jupiter.api.Assumptions.abort;

import com.sun.jna.Function;
import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A file system of its own, on a loop device, for tests that run as root. */
public final class MountedFileSystem {
  private static final long FS_IOC_SHUTDOWN = 0x8004587DL;
  private static final int WITHOUT_LOG_FLUSH = 2;

  private final LoopDevice device;
  private final Path root;

  private MountedFileSystem(LoopDevice device, Path root) {
    this.device = device;
    this.root = root;
  }

  /**
   * Makes and mounts one in a directory, or skips the test and says why.
   *
   * @param make the command that makes it; the device is added
   */
  public static MountedFileSystem in(Path directory, long size, String... make) throws Exception {
    LoopDevice device = LoopDevice.over(directory.resolve("backing"), size);
    Path root = Files.createDirectory(directory.resolve("mounted"));
    String node = device.node().toString();
    try {
      String[] command = Arrays.copyOf(make, make.length + 1);
      command[make.length] = node;
      LoopDevice.run(command);
      LoopDevice.run("mount", node, root.toString());
    } catch (IOException e) {
      device.detach();
      return abort("no such file system on a loop device: " + e.getMessage());
    }
    return new MountedFileSystem(device, root);
  }

  public Path root() {
    return root;
  }

  /** Has ext4 and XFS fail all that comes, as after an error that they cannot live with. */
  void shutDown() throws IOException {
    int descriptor = LinuxSystemCalls.openFile(root.toString(), LinuxSystemCalls.O_RDONLY);
    try {
      Function call = Function.getFunction("c", "ioctl", Function.THROW_LAST_ERROR);
      call.invokeInt(new Object[] {descriptor, FS_IOC_SHUTDOWN, new int[] {WITHOUT_LOG_FLUSH}});
    } catch (LastErrorException e) {
      abort("the file system cannot be shut down: " + e.getMessage());
    } finally {
      LinuxSystemCalls.closeFile(descriptor);
    }
  }

  public void unmount() throws Exception {
    LoopDevice.run("umount", root.toString());
    device.detach();
  }
}
