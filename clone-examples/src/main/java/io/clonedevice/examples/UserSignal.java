package io.clonedevice.examples;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs an action when the process gets SIGUSR1.
 *
 * <p>Java has no API for that but {@code sun.misc.Signal}, which every JDK exports for want of a
 * better one; the compiler warns of it, and other virtual machines need not have it. So it is
 * called through reflection, and where it is missing the signal keeps its meaning.
 */
final class UserSignal {
  private static final Logger LOG = LoggerFactory.getLogger(UserSignal.class);

  private UserSignal() {}

  static void onUsr1(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      InvocationHandler call =
          (proxy, method, arguments) -> {
            if (method.getName().equals("handle")) {
              action.run();
              return null;
            }
            // Of Object's methods the virtual machine calls these, if any.
            return switch (method.getName()) {
              case "equals" -> proxy == arguments[0];
              case "hashCode" -> System.identityHashCode(proxy);
              default -> "handler of SIGUSR1";
            };
          };
      signal
          .getMethod("handle", signal, handler)
          .invoke(
              null,
              signal.getConstructor(String.class).newInstance("USR1"),
              Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, call));
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      LOG.info("this Java VM does not tell of SIGUSR1: {}", e.toString());
    }
  }
}
