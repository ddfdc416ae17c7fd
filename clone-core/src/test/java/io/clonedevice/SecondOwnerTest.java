package io.clonedevice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.MetadataMode;
import io.clonedevice.metadata.MetadataModeException;
import io.clonedevice.metadata.MetadataSize;
import io.clonedevice.store.FileChannelBlockStore;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A clone has one owner, whoever else tries from wherever. */
@Timeout(60)
class SecondOwnerTest {
  private static final int SIZE = 1 << 20;
  private static final int REGION = 4096;
  private static final String THIS_PROCESS =
      "is in use by another clone device, held by this process (" + ProcessHandle.current().pid();

  @TempDir Path directory;

  @BeforeEach
  void createFiles() throws IOException {
    FileChannelBlockStore.create(directory.resolve("source"), SIZE).close();
    FileChannelBlockStore.create(directory.resolve("destination"), SIZE).close();
    long metadataSize = MetadataSize.forRegions(SIZE / REGION);
    FileChannelBlockStore.create(directory.resolve("metadata"), metadataSize).close();
  }

  private static CloneDeviceBuilder builder(Path destination, Path metadata) throws IOException {
    return CloneDevice.builder()
        .source(FileChannelBlockStore.openReadOnly(destination.resolveSibling("source")))
        .destination(FileChannelBlockStore.open(destination))
        .metadata(FileChannelBlockStore.open(metadata))
        .regionSize(REGION)
        .hydration(Hydration.disabled());
  }

  private CloneDeviceBuilder builder() throws IOException {
    return builder(directory.resolve("destination"), directory.resolve("metadata"));
  }

  /** Opens the clone and closes it again; returns why that was refused, or "opened". */
  static String attempt(Path destination, Path metadata) {
    try {
      builder(destination, metadata).open().close();
      return "opened";
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  private String attempt() {
    return attempt(directory.resolve("destination"), directory.resolve("metadata"));
  }

  private static void assumeLocksAreListed() {
    assumeTrue(Files.isReadable(Path.of("/proc/locks")), "no /proc/locks: the owner is not known");
  }

  @Test
  @Tag("B14")
  void secondOpenerInAnotherThreadIsRefusedAndToldWhoHoldsIt() throws Exception {
    assumeLocksAreListed();
    try (CloneDevice device = builder().open()) {
      FutureTask<String> second = new FutureTask<>(this::attempt);
      new Thread(second).start();
      assertThat(second.get()).contains("metadata").contains(THIS_PROCESS);
      device.blocking().flush();
    }
    assertThat(attempt()).isEqualTo("opened");
  }

  @Test
  void secondOpenerThroughAHardOrSymbolicLinkIsRefused() throws Exception {
    Path destination = directory.resolve("destination");
    Path metadata = directory.resolve("metadata");
    Path other = Files.createFile(directory.resolve("other"));
    Files.write(other, new byte[SIZE]);
    List<Path> links =
        List.of(
            Files.createLink(directory.resolve("hard"), metadata),
            Files.createSymbolicLink(directory.resolve("soft"), metadata));
    Path destinationLink = Files.createLink(directory.resolve("hard-destination"), destination);
    Path otherMetadata = directory.resolve("other-metadata");
    FileChannelBlockStore.create(otherMetadata, Files.size(metadata)).close();
    try (CloneDevice device = builder().open()) {
      for (Path link : links) {
        assertThat(attempt(other, link)).contains(link + " is in use by another clone device");
      }
      assertThat(attempt(destinationLink, otherMetadata))
          .contains(destinationLink + " is in use by another clone device");
      device.blocking().flush();
    }
  }

  @Test
  void secondOpenerOfAnotherClassLoaderIsRefusedAndToldThatItIsThisProcess() throws Exception {
    assumeLocksAreListed();
    try (CloneDevice device = builder().open();
        URLClassLoader loader = secondLibrary()) {
      assertThat(attemptIn(loader)).contains(THIS_PROCESS);
      try (OtherJvm other = startOther()) {
        assertThat(other.answer()).as("the lock outlives the refusal").contains("is in use");
      }
      device.blocking().flush();
    }
    try (URLClassLoader loader = secondLibrary()) {
      assertThat(attemptIn(loader)).isEqualTo("opened");
    }
  }

  private static URLClassLoader secondLibrary() throws IOException {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      urls.add(new File(entry).toURI().toURL());
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  private String attemptIn(ClassLoader loader) throws ReflectiveOperationException {
    Class<?> twin = Class.forName(SecondOwnerTest.class.getName(), true, loader);
    assertThat(twin).isNotSameAs(SecondOwnerTest.class);
    Method attempt = twin.getDeclaredMethod("attempt", Path.class, Path.class);
    attempt.setAccessible(true);
    return (String)
        attempt.invoke(null, directory.resolve("destination"), directory.resolve("metadata"));
  }

  @Test
  void secondOpenerOfAnotherProcessIsRefusedAndToldItsNumber() throws Exception {
    assumeLocksAreListed();
    try (OtherJvm owner = startOther()) {
      assertThat(owner.answer()).isEqualTo("opened");
      assertThat(attempt()).contains("held by process " + owner.pid() + " (");
    }
    assertThat(attempt()).isEqualTo("opened");
  }

  @Test
  void refusedOpenerLeavesTheOwnersLockAlone() throws Exception {
    try (CloneDevice device = builder().open()) {
      assertThat(attempt()).contains("is in use");
      try (OtherJvm other = startOther()) {
        assertThat(other.answer()).contains("is in use");
      }
      device.blocking().flush();
    }
  }

  @Test
  void lockOfAProcessThatWasKilledBlocksNobody() throws Exception {
    try (OtherJvm owner = startOther()) {
      assertThat(owner.answer()).isEqualTo("opened");
      owner.kill();
      assertThat(attempt()).isEqualTo("opened");
    }
  }

  @Test
  @Tag("B14")
  void foreignSuperblockTurnsTheDeviceReadOnlyWithAnEventAndAMessage() throws Exception {
    Path metadata = directory.resolve("metadata");
    EventLog log = new EventLog();
    CloneDevice device = builder().listener(log).open();
    device.blocking().write(0, ByteBuffer.allocate(REGION));
    try (FileChannelBlockStore intruder = FileChannelBlockStore.open(metadata)) {
      intruder.write(0, ByteBuffer.allocate(4096));
    }
    assertThatThrownBy(() -> device.blocking().flush())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("was not written by this instance");
    assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
    device.blocking().read(0, ByteBuffer.allocate(REGION));
    assertThatThrownBy(device::reopenReadWrite)
        .hasMessageContaining("was not written by this instance");
    assertThat(device.statusNoFlush().mode()).isEqualTo(MetadataMode.READ_ONLY);
    assertThatThrownBy(device::close)
        .as("the region written was not recorded")
        .isInstanceOf(MetadataModeException.class);
    log.await("ro");
    assertThat(log.events()).containsExactly("ro");
  }

  /** Starts another JVM that tries to open the clone and keeps it until its input ends. */
  private OtherJvm startOther() throws IOException {
    return OtherJvm.run(SecondOwnerTest.class, directory);
  }

  /** Runs in the other process. */
  public static void main(String[] arguments) throws IOException {
    Path directory = Path.of(arguments[0]);
    try (CloneDevice device =
        builder(directory.resolve("destination"), directory.resolve("metadata")).open()) {
      System.out.println("opened");
      System.in.read();
      device.statusNoFlush();
    } catch (IOException e) {
      System.out.println(e.getMessage());
    }
  }
}
