package io.clonedevice.kernel;

import static io.clonedevice.kernel.HandOvers.Until.IN_PART;
import static io.clonedevice.kernel.HandOvers.Until.TO_THE_END;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Half-copied clones go from the real dm-clone to this library and back. One boot of the kernel
 * serves one turn of each clone.
 */
@Tag("kernel")
class KernelInterchangeTest {
  private static final int KIB = 1 << 10;
  private static final int MIB = 1 << 20;
  private static final int GIB = 1 << 30;
  private static final int SECTOR = 512;
  private static final byte OLD = (byte) 0xDD;

  // Odd sizes: short last regions, a device shorter than a region, metadata that is no whole number
  // of blocks; "many" has two array blocks.
  private static final List<CarriedClone.Shape> SHAPES =
      List.of(
          new CarriedClone.Shape("small", 4101 * SECTOR, 4 * KIB, MIB, true, OLD),
          new CarriedClone.Shape("kept", 2999 * SECTOR, 4 * KIB, 2 * MIB, false, OLD),
          new CarriedClone.Shape("even", 8 * MIB, 4 * KIB, MIB + 3 * SECTOR, true, OLD),
          new CarriedClone.Shape("many", 130L * MIB + SECTOR, 4 * KIB, 4 * MIB, true, (byte) 0),
          new CarriedClone.Shape("middle", 16 * MIB + 13 * SECTOR, 64 * KIB, MIB, true, OLD),
          new CarriedClone.Shape("middle-kept", 9 * MIB + 99 * SECTOR, 64 * KIB, MIB, false, OLD),
          new CarriedClone.Shape("single", 100 * SECTOR, 64 * KIB, MIB, true, OLD),
          new CarriedClone.Shape("giant", 2L * GIB + 77 * SECTOR, GIB, MIB, true, (byte) 0));

  private static final long SOURCE_SIZE = 2L * GIB + MIB;
  private static final HandOvers.Tally TALLY = new HandOvers.Tally();

  @TempDir private Path folder;
  private HandOvers handOvers;
  private List<CarriedClone> clones;

  @BeforeEach
  void makeClones() throws Exception {
    KernelTool tool = KernelTool.orSkip(Files.createDirectory(folder.resolve("tool")));
    handOvers = new HandOvers(tool, folder, SOURCE_SIZE, TALLY);
    clones = new ArrayList<>();
    for (CarriedClone.Shape shape : SHAPES) {
      clones.add(handOvers.newClone(shape));
    }
  }

  @AfterAll
  static void tell() {
    System.out.println("kernel interchange: " + TALLY);
  }

  @Test
  void libraryCarriesOnWhatTheKernelBegan() throws Exception {
    handOvers.kernelTurns(clones, IN_PART);
    handOvers.libraryTurns(clones, TO_THE_END);
  }

  @Test
  void kernelCarriesOnWhatTheLibraryBegan() throws Exception {
    handOvers.libraryTurns(clones, IN_PART);
    handOvers.kernelTurns(clones, TO_THE_END);
  }

  @Test
  void clonesGoBackAndForth() throws Exception {
    int rounds = KernelTool.rounds(3);
    for (int round = 0; round < rounds; round++) {
      handOvers.libraryTurns(clones, IN_PART);
      handOvers.kernelTurns(clones, IN_PART);
    }
    handOvers.libraryTurns(clones, TO_THE_END);
  }
}
