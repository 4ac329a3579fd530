from spanglass.sdk.calls.newest import Newest


def test_the_oldest_are_forgotten() -> None:
    """Of 2,000 entries the last 1,024 stay, an entry that is given again among them under its first age."""
    newest: Newest[int, int] = Newest()
    for number in range(2000):
        newest.put(number, number)
    newest.put(1999, 0)
    assert list(newest) == list(range(976, 2000))
    assert newest[1999] == 0
