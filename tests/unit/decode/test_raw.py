import io
import json

import numpy as np
import pytest
from PIL import Image

from sentinel.decode import Decoded, Undecodable, decode
from sentinel.features import Extractor
from tests.support.decode_wire import made


def jpeg():
    buffer = io.BytesIO()
    Image.fromarray(np.full((224, 224, 3), 128, dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


PICTURE = jpeg()


def asked(body, answer, content_type, path="/predictions/resnet/2.0", answer_type="application/json"):
    answered = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    headers = {"content-type": content_type} if content_type else {}
    return decode(
        made("POST", path, body, answered, request_headers=headers, response_headers={"content-type": answer_type})
    )


def form(**parts):
    body = b"".join(
        b'--XX\r\nContent-Disposition: form-data; name="%s"; filename="a.jpg"\r\nContent-Type: x/y\r\n\r\n%s\r\n'
        % (name.encode(), value)
        for name, value in parts.items()
    )
    return body + b"--XX--\r\n"


@pytest.mark.parametrize(
    ("body", "content_type", "column"),
    [
        (PICTURE, "image/jpeg", "body"),
        (PICTURE, "", "body"),
        (form(data=PICTURE), 'multipart/form-data; boundary="XX"', "data"),
    ],
)
def test_a_picture_for_torchserves_image_classifier(body, content_type, column):
    found = asked(body, {"tabby": 0.75, "tiger_cat": 0.125, "lynx": 0.0625}, content_type)
    assert isinstance(found, Decoded)
    assert (found.model, found.version) == ("resnet", "2.0")
    assert found.inputs == {column: [PICTURE]}
    assert found.predictions["prediction.class"] == ["tabby"]
    assert found.predictions["prediction.confidence"].tolist() == [0.75]
    assert Extractor(None).columns(found)[f"{column}.brightness"] == [pytest.approx(0.5, abs=0.01)]


def test_a_text():
    found = asked(b"a fine film", b"positive", "text/plain", answer_type="text/plain")
    assert found.inputs == {"body": ["a fine film"]}
    assert found.predictions["prediction"] == ["positive"]
    assert asked(b"a fine film", b"0.5", "text/plain", answer_type="").predictions["prediction"].tolist() == [0.5]


def test_a_form_of_several_parts_on_any_path():
    found = asked(
        form(age=b"41", photo=PICTURE), {"label": "cat", "score": 0.5}, "multipart/form-data; boundary=XX", "/upload"
    )
    assert found.inputs == {"age": ["41"], "photo": [PICTURE]}
    assert found.predictions["label"] == ["cat"]


def test_scores_of_an_object_are_no_classes_if_they_cannot_be():
    found = asked(PICTURE, {"width": 2.5, "height": 0.5}, "image/jpeg")
    assert set(found.predictions) == {"width", "height"}


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "image/jpeg", "empty_body"),
        (form(a=b"1"), "multipart/form-data", "bad_form"),
        (form(a=b"1"), "multipart/form-data; boundary=YY", "bad_form"),
        (b"--XX\r\n\r\nno name\r\n--XX--", "multipart/form-data; boundary=XX", "bad_form"),
        (
            b"--XX\r\n" + b"content-disposition:" * 50_000 + b"\r\n\r\n--XX--",
            "multipart/form-data; boundary=XX",
            "bad_form",
        ),
        (b"--XX" * 100_000, "multipart/form-data; boundary=XX", "bad_form"),
    ],
)
def test_what_cannot_be_right_has_a_reason(body, content_type, reason):
    assert asked(body, {"a": 1}, content_type) == Undecodable(reason, True, "resnet", "2.0")
