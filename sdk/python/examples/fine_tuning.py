"""Fine-tuning, small enough to read and real: a logistic regression, trained on one task, goes on learning on another.

    python3 fine_tuning.py                     posts to the server at HEADWAY_URL
    headway run python3 fine_tuning.py         the same, as a command of Headway's

No package is needed. The checkpoints are JSON files in --output; --resume goes on from the newest.
"""
import argparse
import json
import math
import os
import random

import headway

FEATURES = 8


def examples(seed, shift, n):
    """Points with a label that a plane decides, but for a few; `shift` turns the plane, which is the new task."""
    rng = random.Random(seed)
    plane = [math.cos(i + shift) for i in range(FEATURES)]
    out = []
    for _ in range(n):
        x = [rng.gauss(0, 1) for _ in range(FEATURES)]
        score = sum(a * b for a, b in zip(plane, x)) + rng.gauss(0, 0.3)
        out.append((x, 1.0 if score > 0 else 0.0))
    return out


def predict(w, x):
    z = max(-30.0, min(30.0, sum(a * b for a, b in zip(w, x))))
    return 1 / (1 + math.exp(-z))


def step(w, batch, lr):
    """One step of gradient descent, in place. Mean cross-entropy before it, and the gradient's norm."""
    loss, grad = 0.0, [0.0] * FEATURES
    for x, y in batch:
        p = predict(w, x)
        loss -= math.log(p if y else 1 - p)
        for i in range(FEATURES):
            grad[i] += (p - y) * x[i] / len(batch)
    for i in range(FEATURES):
        w[i] -= lr * grad[i]
    return loss / len(batch), math.sqrt(sum(g * g for g in grad))


def evaluate(w, data):
    loss = -sum(math.log(predict(w, x) if y else 1 - predict(w, x)) for x, y in data) / len(data)
    right = sum((predict(w, x) > 0.5) == (y > 0.5) for x, y in data)
    return loss, right / len(data)


def save(folder, at, w):
    """Whole or not at all: written beside its place and then moved there."""
    path = os.path.join(folder, "step-%06d.json" % at)
    with open(path + ".tmp", "w") as f:
        json.dump({"step": at, "weights": w}, f)
    os.replace(path + ".tmp", path)
    return path


def newest(folder):
    names = sorted(it for it in os.listdir(folder) if it.startswith("step-") and it.endswith(".json"))
    if not names:
        return 0, None
    with open(os.path.join(folder, names[-1])) as f:
        saved = json.load(f)
    return saved["step"], saved["weights"]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int, default=300)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--lr", type=float, default=0.3)
    p.add_argument("--output", default="fine-tuning")
    p.add_argument("--resume", action="store_true")
    args = p.parse_args()
    os.makedirs(args.output, exist_ok=True)

    with headway.job("fine-tuning", params={"steps": args.steps, "batch_size": args.batch_size, "lr": args.lr}) as job:
        headway.phase("pretraining", 1, 2, from_percent=0, to_percent=20)
        done, w = newest(args.output) if args.resume else (0, None)
        if w is None:
            w = [0.0] * FEATURES
            base = examples(1, 0.0, 512)
            for i in headway.track(range(50), desc="base task", unit="batches"):
                step(w, base[i * 10 : i * 10 + args.batch_size], args.lr)

        headway.phase("fine-tuning", 2, 2, from_percent=20, to_percent=100)
        train, held_out = examples(2, 0.6, 1024), examples(3, 0.6, 512)
        before, best = evaluate(w, held_out), math.inf
        rng = random.Random(done)
        with headway.track(total=args.steps, initial=done, desc="new task", unit="steps") as bar:
            for i in range(done + 1, args.steps + 1):
                loss, grad_norm = step(w, rng.sample(train, args.batch_size), args.lr)
                headway.log_metrics(i, loss=loss, grad_norm=grad_norm, learning_rate=args.lr)
                bar.set_postfix(loss=loss)
                bar.update()
                if i % 100 == 0 or i == args.steps or job.should_stop:
                    held_out_loss, accuracy = evaluate(w, held_out)
                    headway.log_metrics(i, loss=loss, grad_norm=grad_norm, learning_rate=args.lr, eval_loss=held_out_loss, accuracy=accuracy)
                    path = save(args.output, i, w)
                    headway.checkpoint(path, i, loss=held_out_loss, is_best=held_out_loss < best, size_bytes=os.path.getsize(path))
                    best = min(best, held_out_loss)
                if job.should_stop:
                    headway.log("stopped at step %d; its checkpoint is written" % i)
                    break
        after = evaluate(w, held_out)
        headway.result(accuracy_before=before[1], accuracy_after=after[1], eval_loss=after[0])
        print("accuracy on the new task: %.3f before, %.3f after" % (before[1], after[1]))


if __name__ == "__main__":
    main()
