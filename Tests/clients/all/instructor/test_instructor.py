"""Instructor: structured answers from a client of OpenAI's SDK."""

from origin import KEY_OF_HALF, WORDS

MODEL, QUESTION = "openai/gpt-4o", "How do the pieces come?"


def test_instructor(base_url, passed):
    import instructor
    from openai import OpenAI
    from pydantic import BaseModel

    class Words(BaseModel):
        words: list[str]

    client = instructor.from_openai(OpenAI(base_url=base_url, api_key=KEY_OF_HALF), mode=instructor.Mode.JSON)
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": QUESTION}], response_model=Words)
    assert answer.words == WORDS
