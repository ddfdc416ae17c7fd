package io.clonedevice.dm;

import io.clonedevice.CloneDevice;
import io.clonedevice.CloneDeviceBuilder;
import io.clonedevice.CloneStatus;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.RegionGeometry;
import io.clonedevice.store.BlockStore;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A clone device that is made from a table line and spoken to in messages and status lines, as
 * {@code dmsetup} does with dm-clone.
 *
 * <pre>
 *   dmsetup create   --&gt; create(table, opener), then resume()
 *   dmsetup table    --&gt; table()
 *   dmsetup status   --&gt; status(), with --noflush statusNoFlush()
 *   dmsetup message  --&gt; message(text)
 *   dmsetup suspend, resume, remove --&gt; suspend(), resume(), close()
 * </pre>
 *
 * <p>Thread-safe.
 */
public final class DmCloneTarget implements Closeable {
  private final TableLine table;
  private final CloneDevice device;

  private DmCloneTarget(TableLine table, CloneDevice device) {
    this.table = table;
    this.device = device;
  }

  /** Opens the store that a name in a table line stands for. */
  @FunctionalInterface
  public interface StoreOpener {
    /**
     * Opens a store.
     *
     * @param device the name, such as {@code 7:0} or {@code /dev/sdb}
     * @param readOnly whether it is the source, which is never written
     * @return an open store; the target's from now on
     * @throws IOException if it cannot be opened
     */
    BlockStore open(String device, boolean readOnly) throws IOException;
  }

  /**
   * Makes a target; like the kernel's it is suspended until the first {@link #resume()}.
   *
   * @param table the table line
   * @param opener opens metadata device, destination and source, in this order
   * @param builder a builder with further options (runtime, listeners); what the line says is set
   *     here
   * @return a target; the caller closes it
   * @throws IllegalArgumentException if the line or the sizes are not valid; the message begins
   *     with the kernel's text
   * @throws IOException if a store cannot be opened or the metadata cannot be loaded; likewise
   */
  public static DmCloneTarget create(
      TableLine table, StoreOpener opener, CloneDeviceBuilder builder) throws IOException {
    List<BlockStore> opened = new ArrayList<>();
    try {
      opened.add(open(opener, table.metadataDevice(), "metadata", false));
      opened.add(open(opener, table.destinationDevice(), "destination", false));
      opened.add(open(opener, table.sourceDevice(), "source", true));
    } catch (IOException | RuntimeException | Error e) {
      for (BlockStore store : opened) {
        closeAfter(e, store);
      }
      throw e;
    }
    Hydration hydration = table.noHydration() ? Hydration.disabled() : Hydration.background();
    CloneDevice device =
        builder
            .metadata(opened.get(0))
            .destination(opened.get(1))
            .source(opened.get(2))
            .deviceSize(table.sectorCount() * RegionGeometry.SECTOR_SIZE)
            .regionSize((long) table.regionSectors() * RegionGeometry.SECTOR_SIZE)
            .discardPassdown(!table.noDiscardPassdown())
            .hydration(
                hydration
                    .threshold(table.hydrationThreshold())
                    .batchSize(table.hydrationBatchSize()))
            .suspended()
            .open();
    return new DmCloneTarget(table, device);
  }

  /**
   * Returns the device, for its requests.
   *
   * @return the device; closed with this target
   */
  public CloneDevice device() {
    return device;
  }

  /**
   * Returns the table line.
   *
   * @return the arguments as given; messages do not change it
   */
  public TableLine table() {
    return table;
  }

  /**
   * Commits, unless suspended, and returns the status line.
   *
   * @return the state now
   */
  public StatusLine status() {
    return line(device.status());
  }

  /**
   * Returns the status line without a commit.
   *
   * @return the state now
   */
  public StatusLine statusNoFlush() {
    return line(device.statusNoFlush());
  }

  /**
   * Obeys a message.
   *
   * @param text the message; see {@link Message#parse}
   * @throws IllegalArgumentException if it is not valid; nothing was changed
   */
  public void message(String text) {
    Message.parse(text).applyTo(device);
  }

  /**
   * Suspends the device; see {@link CloneDevice#suspend()}.
   *
   * @throws IOException if not all could be made durable
   */
  public void suspend() throws IOException {
    device.suspend();
  }

  /** Resumes the device; see {@link CloneDevice#resume()}. */
  public void resume() {
    device.resume();
  }

  @Override
  public void close() throws IOException {
    device.close();
  }

  private StatusLine line(CloneStatus status) {
    return StatusLine.of(table.startSector(), status);
  }

  private static BlockStore open(StoreOpener opener, String device, String role, boolean readOnly)
      throws IOException {
    try {
      return opener.open(device, readOnly);
    } catch (IOException e) {
      throw new IOException(
          "Error opening " + role + " device: " + device + ": " + e.getMessage(), e);
    }
  }

  private static void closeAfter(Throwable failure, BlockStore store) {
    try {
      store.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
