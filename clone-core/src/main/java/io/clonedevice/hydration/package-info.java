/**
 * The background hydrator: which regions are copied next, how many at once, and when.
 *
 * <p>{@link io.clonedevice.hydration.Hydration} is the user's settings. One {@link
 * io.clonedevice.hydration.HydratorAgent} (an Agrona agent) serves all devices of a runtime from
 * one thread; it decides and never touches a store. Copies run on an executor and report back
 * through a ring buffer; hints (something changed, this was read) come through a second one.
 *
 * <pre>
 *   requests --hints ring-------.
 *                                v
 *                          HydratorAgent --claim, start--&gt;  copy threads
 *                                ^                              |
 *                                '------completions ring--------'
 * </pre>
 *
 * <p>A hint that finds its ring full is dropped and the agent looks at every device instead. A
 * completion never finds its ring full: no more copies are in flight than it has room for.
 */
package io.clonedevice.hydration;
