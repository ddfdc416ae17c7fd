package io.clonedevice.examples.nbd.server;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** The file of a unix domain socket: it outlives a server that was killed. */
public final class UnixSocketFile {
  /** A thousand clients may come at once. */
  static final int BACKLOG = 1024;

  // Of st_mode, see inode(7).
  private static final int FILE_TYPE = 0170000;
  private static final int FILE_TYPE_SOCKET = 0140000;

  private UnixSocketFile() {}

  /**
   * Listens on a unix domain socket; a socket file on which nobody listens any more is replaced.
   *
   * @param path where; nothing but a dead socket may be there
   * @return a blocking channel; whoever closes it removes the file
   * @throws IOException if somebody listens there, something else is there, or the path cannot be
   *     used
   */
  public static ServerSocketChannel listen(Path path) throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      requireDead(path);
      Files.deleteIfExists(path);
    }
    ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    boolean bound = false;
    try {
      listening.bind(UnixDomainSocketAddress.of(path), BACKLOG);
      bound = true;
      return listening;
    } catch (IOException e) {
      throw new FileSystemException(path.toString(), null, "cannot listen: " + e.getMessage());
    } finally {
      if (!bound) {
        listening.close();
      }
    }
  }

  private static void requireDead(Path path) throws IOException {
    if (!isSocket(path)) {
      throw new FileSystemException(
          path.toString(), null, "exists and is no socket; remove it or choose another path");
    }
    try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      client.connect(UnixDomainSocketAddress.of(path));
    } catch (ConnectException refused) {
      return;
    } catch (IOException e) {
      throw new FileSystemException(
          path.toString(),
          null,
          "it cannot be told whether somebody listens there ("
              + e.getMessage()
              + "); remove it if nobody does, or choose another path");
    }
    throw new FileSystemException(
        path.toString(), null, "somebody listens there already; choose another path");
  }

  private static boolean isSocket(Path path) throws IOException {
    int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    return (mode & FILE_TYPE) == FILE_TYPE_SOCKET;
  }
}
