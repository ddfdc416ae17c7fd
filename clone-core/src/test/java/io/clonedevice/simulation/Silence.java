package io.clonedevice.simulation;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Drops what is logged, to the standard error stream: in a simulation trouble is no news. */
final class Silence {
  private Silence() {}

  static void during(Runnable work) {
    PrintStream before = System.err;
    System.setErr(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
    try {
      work.run();
    } finally {
      System.setErr(before);
    }
  }
}
