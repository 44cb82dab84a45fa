"""Where jobs are done: in worker processes of this machine, or on a cluster. The rest of the bot sees an `Executor`."""

from bot.executors.executor import Executor, ModelUnusable, WorkerState, executor_for

__all__ = ["Executor", "ModelUnusable", "WorkerState", "executor_for"]
