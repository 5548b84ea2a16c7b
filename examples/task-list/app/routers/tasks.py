"""The tasks: create, list, filter, reorder, edit, delete."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, status
from sqlalchemy import func, select

from app.dependencies import SessionDep
from app.models import Task
from app.schemas import TaskCreate, TaskOrder, TaskRead, TaskUpdate

router = APIRouter(prefix="/tasks", tags=["tasks"])


def existing(task_id: int, session: SessionDep) -> Task:
    """The task that the path names, or the answer 404."""
    task = session.get(Task, task_id)
    if task is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no task {task_id}")
    return task


TaskDep = Annotated[Task, Depends(existing)]


@router.post("", response_model=TaskRead, status_code=status.HTTP_201_CREATED)
def create(new: TaskCreate, session: SessionDep) -> Task:
    """Add a task to the end of the list."""
    last = session.scalar(select(func.max(Task.position))) or 0
    task = Task(**new.model_dump(), position=last + 1)
    session.add(task)
    session.commit()
    return task


@router.get("", response_model=list[TaskRead])
def find(
    session: SessionDep,
    *,
    done: bool | None = None,
    search: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Sequence[Task]:
    """List the tasks in their order: all, those done or not, those whose title holds `search`."""
    query = select(Task).order_by(Task.position).limit(limit).offset(offset)
    if done is not None:
        query = query.where(Task.done == done)
    if search:
        query = query.where(Task.title.icontains(search, autoescape=True))
    return session.scalars(query).all()


@router.put("/order", response_model=list[TaskRead])
def reorder(order: TaskOrder, session: SessionDep) -> Sequence[Task]:
    """Give the whole list a new order."""
    tasks = {task.id: task for task in session.scalars(select(Task))}
    if sorted(order.ids) != sorted(tasks):
        raise HTTPException(status.HTTP_409_CONFLICT, "The order must name each task exactly once")
    for position, task_id in enumerate(order.ids, start=1):
        tasks[task_id].position = position
    session.commit()
    return [tasks[task_id] for task_id in order.ids]


@router.get("/{task_id}", response_model=TaskRead)
def read(task: TaskDep) -> Task:
    """One task."""
    return task


@router.patch("/{task_id}", response_model=TaskRead)
def edit(task: TaskDep, changes: TaskUpdate, session: SessionDep) -> Task:
    """Change what is given, and nothing else."""
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(task, name, value)
    session.commit()
    return task


@router.delete("/{task_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(task: TaskDep, session: SessionDep) -> None:
    """Remove a task for good."""
    session.delete(task)
    session.commit()
