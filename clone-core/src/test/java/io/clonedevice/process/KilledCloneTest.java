package io.clonedevice.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.clonedevice.CloneDevice;
import io.clonedevice.Effort;
import io.clonedevice.hydration.Hydration;
import io.clonedevice.metadata.CloneMetadata;
import io.clonedevice.metadata.RegionMap;
import io.clonedevice.metadata.tool.MetadataCheck;
import io.clonedevice.store.BlockStore;
import io.clonedevice.store.BlockStoreMetadataDevice;
import io.clonedevice.store.FileChannelBlockStore;
import io.clonedevice.store.RawDeviceBlockStore;
import io.clonedevice.testing.Seed;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes that are killed (SIGKILL) while they work on a clone, one after the other on the same
 * files, some of them while they recover from the death of the one before: {@code
 * -Dclone.process.kills=N} for more of them, {@code -Dclone.checker} for a second opinion.
 */
class KilledCloneTest {
  private static final long KILLS = Effort.cases("clone.process.kills", 10);

  private static final long PATIENCE_SECONDS = 120;

  @TempDir private Path directory;

  private final Seed seed = new Seed();
  private final Random random = seed.stream();
  private final Map<StoreKind, Integer> killsByKind = new EnumMap<>(StoreKind.class);
  private long kills;
  private long killsWhileOpening;

  @Test
  void whatWasAcknowledgedSurvivesTheDeathOfTheProcess() throws Exception {
    long acknowledged = 0;
    int clones = 0;
    List<StoreKind> kinds = kinds();
    while (kills < KILLS) {
      CloneOnFiles files = new CloneOnFiles(directory.resolve("clone-" + clones++)).create();
      LegalValues values = new LegalValues();
      for (int lives = 2 + random.nextInt(5); lives > 0 && kills < KILLS; lives--) {
        StoreKind kind = kinds.get(random.nextInt(kinds.size()));
        live(files, values, kind, true);
        if (random.nextInt(3) == 0) {
          live(files, values, kinds.get(random.nextInt(kinds.size())), false);
        }
        inspect(files, values, kinds.get(random.nextInt(kinds.size())), kind == StoreKind.MAPPED);
      }
      complete(files, values, kinds.get(random.nextInt(kinds.size())));
      acknowledged += values.acknowledgedCount();
    }
    System.out.printf(
        "seed %d: %d kills (%d while opening) of %d clones, by store %s; %d requests"
            + " acknowledged%n",
        seed.value(), kills, killsWhileOpening, clones, killsByKind, acknowledged);
    assertThat(acknowledged).isPositive();
  }

  private List<StoreKind> kinds() throws IOException {
    List<StoreKind> kinds = new ArrayList<>(List.of(StoreKind.FILE_CHANNEL, StoreKind.MAPPED));
    try {
      RawDeviceBlockStore.create(directory.resolve("raw"), 4096).close();
      kinds.add(StoreKind.RAW);
    } catch (IOException e) {
      System.out.println("without raw stores: " + e.getMessage());
    }
    return kinds;
  }

  /** One life of a process on the clone, until so many entries of its journal have come. */
  private void live(CloneOnFiles files, LegalValues values, StoreKind kind, boolean writes)
      throws Exception {
    int entries = 1 + random.nextInt(writes ? 16 << random.nextInt(9) : 3);
    Path log = files.directory().resolve("log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                WorkingProcess.class.getName(),
                files.directory().toString(),
                kind.name(),
                Integer.toString(values.lastRequest()),
                Long.toString(random.nextLong()),
                Boolean.toString(writes))
            .redirectError(log.toFile())
            .start();
    // One that hangs is killed too, and has not told enough.
    CompletableFuture.delayedExecutor(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .execute(process.toHandle()::destroyForcibly);
    boolean opened = false;
    int entriesTold = 0;
    try (InputStream pipe = process.getInputStream()) {
      for (Journal.Entry told = Journal.next(pipe); told != null; told = Journal.next(pipe)) {
        opened |= told.kind() == Journal.Kind.OPENED;
        values.learn(told);
        if (++entriesTold == entries) {
          process.toHandle().destroyForcibly(); // Process's own closes the pipe as well
          killsWhileOpening += opened ? 0 : 1;
        }
      }
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + ": " + Files.readString(log), e);
    } finally {
      process.destroyForcibly().onExit().join();
    }
    assertThat(process.exitValue()).as(() -> contents(log)).isEqualTo(128 + 9);
    assertThat(entriesTold).as("entries before it hung").isGreaterThanOrEqualTo(entries);
    kills++;
    killsByKind.merge(kind, 1, Integer::sum);
  }

  private static String contents(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void inspect(CloneOnFiles files, LegalValues values, StoreKind kind, boolean mayTear)
      throws Exception {
    BitSet hydrated = hydratedOnDisk(files);
    ByteBuffer found;
    try (CloneDevice device = files.builder(kind).hydration(Hydration.disabled()).open()) {
      assertThat(device.status().hydratedRegions()).isEqualTo(hydrated.cardinality());
      found = CloneOnFiles.readAll(device);
    }
    assertThat(values.settle(hydrated, found, mayTear)).as("after kill %d", kills).isEmpty();
  }

  /** What the metadata says, which must be sound, or not be there yet. */
  private BitSet hydratedOnDisk(CloneOnFiles files) throws Exception {
    BitSet hydrated = new BitSet();
    try (BlockStore store = FileChannelBlockStore.openReadOnly(files.metadata())) {
      ByteBuffer first = ByteBuffer.allocate(4096);
      store.read(0, first);
      if (first.flip().equals(ByteBuffer.allocate(4096))) {
        return hydrated;
      }
      BlockStoreMetadataDevice device = new BlockStoreMetadataDevice(store);
      assertThat(MetadataCheck.of(device).faults()).as("after kill %d", kills).isEmpty();
      askChecker(files.metadata());
      try (CloneMetadata metadata = CloneMetadata.openReadOnly(device)) {
        RegionMap map = metadata.regionMap();
        for (int region = 0; region < CloneOnFiles.REGIONS; region++) {
          hydrated.set(region, map.isHydrated(region));
        }
      }
    }
    return hydrated;
  }

  private static void askChecker(Path image) throws Exception {
    String checker = System.getProperty("clone.checker");
    if (checker == null) {
      return;
    }
    Process process =
        new ProcessBuilder("python3", checker, "check", image.toString())
            .redirectErrorStream(true)
            .start();
    String verdict = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(verdict).startsWith("OK");
  }

  private void complete(CloneOnFiles files, LegalValues values, StoreKind kind) throws Exception {
    try (CloneDevice device = files.builder(kind).open()) {
      device.hydrated().get();
    }
    assertThat(hydratedOnDisk(files).cardinality()).isEqualTo(CloneOnFiles.REGIONS);
    values.assertHeldBy(ByteBuffer.wrap(Files.readAllBytes(files.destination())));
    assertThat(Files.readAllBytes(files.source()))
        .as("source, never written")
        .isEqualTo(SectorContent.of(SectorContent.SOURCE, 0, CloneOnFiles.SECTORS).array());
  }
}
