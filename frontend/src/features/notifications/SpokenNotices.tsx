/** Says to a screen reader what happened: at once for the first, then at most each few seconds and all of it in one sentence. */
import { useEffect, useState } from "react";
import { useNotices } from "@/hooks/useStores";
import { spoken } from "@/lib/notices";
import { Throttle } from "@/lib/throttle";
import { notificationsStore } from "@/stores/notificationsStore";

const GAP_MS = 5000;

export function SpokenNotices() {
  const waiting = useNotices((state) => state.unspoken.length);
  const [text, setText] = useState("");
  const [throttle] = useState(
    () =>
      new Throttle(() => {
        setText(spoken(notificationsStore.getState().speak()));
      }, GAP_MS),
  );
  useEffect(() => {
    if (waiting > 0) throttle.request();
  }, [waiting, throttle]);
  useEffect(
    () => () => {
      throttle.cancel();
    },
    [throttle],
  );
  return (
    <span role="status" aria-live="polite" className="sr-only" data-testid="spoken">
      {text}
    </span>
  );
}
