/**
 * Deterministic simulation: the whole device on one thread, where a seed decides what happens next.
 *
 * <p>Read {@link io.clonedevice.simulation.SimulationTest} first, then {@link
 * io.clonedevice.simulation.Simulation}. A {@link io.clonedevice.simulation.Scenario} is a value: a
 * {@link io.clonedevice.simulation.Setup} and a list of {@link io.clonedevice.simulation.Op}s. The
 * {@link io.clonedevice.simulation.Scheduler} is the device's executor and clock and what it does
 * while it waits; {@link io.clonedevice.simulation.SimulatedStore}s ask it when to take effect, end
 * and fail; the {@link io.clonedevice.simulation.Model} knows what each sector may hold. Nothing of
 * the device is replaced.
 */
package io.clonedevice.simulation;
