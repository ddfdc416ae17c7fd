package io.clonedevice.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;

/** The threads of the devices that are open in this process; they end with the device. */
final class DeviceThreads {
  private DeviceThreads() {}

  /** What they have taken since they began. */
  static double processorSeconds() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    double sum = 0;
    for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (thread != null && thread.getThreadName().startsWith("clone-")) {
        sum += Math.max(0, threads.getThreadCpuTime(thread.getThreadId())) / 1e9;
      }
    }
    return sum;
  }
}
