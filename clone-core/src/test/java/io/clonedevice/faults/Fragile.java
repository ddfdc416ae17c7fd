package io.clonedevice.faults;

/** Something that a device relies on and that meets a fault when its time has come. */
interface Fragile {
  /** Called before it is used. */
  void arm(FaultPoint point);

  /** Returns how often the fault was met. */
  long faultCount();

  /** Ends the fault. */
  void heal();
}
