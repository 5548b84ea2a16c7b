"""The tasks of the user whose key is sent: create, list, filter, edit, delete."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, status
from sqlalchemy import select

from app.dependencies import SessionDep, UserByKey
from app.models import Task
from app.pages import WindowDep, page
from app.schemas import Page, TaskCreate, TaskRead, TaskUpdate, Text

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"])


async def existing(task_id: Annotated[int, Path(le=2**31 - 1)], user: UserByKey, session: SessionDep) -> Task:
    """The task that the path names, or the answer 404, also when it is another user's: that it exists is theirs."""
    task = await session.get(Task, task_id)
    if task is None or task.user_id != user.id:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no task {task_id}")
    return task


TaskDep = Annotated[Task, Depends(existing)]


@router.post("", response_model=TaskRead, status_code=status.HTTP_201_CREATED)
async def create(new: TaskCreate, user: UserByKey, session: SessionDep) -> Task:
    """Add a task."""
    task = Task(**new.model_dump(), user_id=user.id)
    session.add(task)
    await session.commit()
    return task


@router.get("", response_model=Page[TaskRead])
async def find(
    user: UserByKey,
    session: SessionDep,
    window: WindowDep,
    *,
    done: bool | None = None,
    due_before: date | None = None,
    search: Annotated[Text, Query(max_length=200)] = "",
) -> dict[str, Any]:
    """List the tasks, the most urgent first: all, those done or not, those due, those whose title holds `search`."""
    query = select(Task).where(Task.user_id == user.id).order_by(Task.due_on.asc().nulls_last(), Task.id)
    if done is not None:
        query = query.where(Task.done == done)
    if due_before is not None:
        query = query.where(Task.due_on < due_before)
    if search:
        query = query.where(Task.title.icontains(search, autoescape=True))
    return await page(session, query, window)


@router.get("/{task_id}", response_model=TaskRead)
async def read(task: TaskDep) -> Task:
    """One task."""
    return task


@router.patch("/{task_id}", response_model=TaskRead)
async def edit(task: TaskDep, changes: TaskUpdate, session: SessionDep) -> Task:
    """Change what is given, and nothing else."""
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(task, name, value)
    await session.commit()
    return task


@router.delete("/{task_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete(task: TaskDep, session: SessionDep) -> None:
    """Remove a task for good."""
    await session.delete(task)
    await session.commit()
