import numpy as np
import pytest
from PIL import Image

from nao_tf.errors import InputError
from nao_tf.tasks.reading import image_files, read_header, read_image, read_images, resize


@pytest.fixture
def save(tmp_path):
    def write(name, pixels, mode=None, **options):
        image = Image.fromarray(np.asarray(pixels))
        (image.convert(mode) if mode else image).save(tmp_path / name, **options)
        return tmp_path / name

    return write


COLOUR = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)


def test_pixels_are_read_exactly(save):
    np.testing.assert_array_equal(read_image(save('a.png', COLOUR), None, 3), COLOUR)
    np.testing.assert_array_equal(read_image(save('b.png', COLOUR[..., 0]), None, 1), COLOUR[..., :1])
    np.testing.assert_array_equal(read_image(save('b.png', COLOUR[..., 0]), None, 3)[..., 1], COLOUR[..., 0])


@pytest.mark.parametrize('mode', ['RGBA', 'P', 'CMYK', '1', 'LA', 'L'])
@pytest.mark.parametrize('channels', [1, 3])
def test_every_mode_becomes_grey_or_colour(save, mode, channels):
    file = save('a.tif' if mode == 'CMYK' else 'a.png', COLOUR, mode)
    pixels = read_image(file, (4, 3), channels)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (4, 3, channels)
    assert read_header(file) == ((6, 5), 1 if mode in ('1', 'L', 'LA') else 3)


def test_sixteen_bits_become_eight(save):
    file = save('a.png', (np.arange(30, dtype=np.uint16) * 2000).reshape(6, 5))
    expected = (np.arange(30) * 2000 // 256).reshape(6, 5, 1)
    np.testing.assert_array_equal(read_image(file, None, 1), expected)
    assert read_header(file)[1] == 1


def test_dark_images_of_sixteen_bits_are_dark(save):
    file = save('a.png', np.full((6, 5), 255, np.uint16))
    np.testing.assert_array_equal(read_image(file, None, 1), 0)


def test_thirty_two_bits_are_clipped(save):
    values = np.array([[-4, 0, 7], [255, 256, 70_000]], np.int32)
    np.testing.assert_array_equal(read_image(save('a.tif', values), None, 1)[..., 0], values.clip(0, 255))


def test_photographs_are_turned_upright(save):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = save('a.png', COLOUR, exif=exif)
    assert read_header(file)[0] == (5, 6)
    np.testing.assert_array_equal(read_image(file, None, 3), np.rot90(COLOUR, -1))


def test_resizing_keeps_the_mean_and_what_fits():
    assert resize(COLOUR, (6, 5)) is COLOUR
    smooth = np.add.outer(np.arange(32), np.arange(32))[..., None].astype(np.uint8) * 3
    small = resize(smooth, (16, 8))
    assert small.shape == (16, 8, 1)
    assert abs(small.mean() - smooth.mean()) < 2
    as_float = resize(smooth.astype(np.float32), (16, 8))
    assert as_float.dtype == np.float32
    np.testing.assert_allclose(as_float, small, atol=1)


def test_files_are_found_in_the_order_of_their_names(save, tmp_path):
    (tmp_path / 'inner').mkdir()
    files = [save(name, COLOUR) for name in ('b.png', 'a.png', 'inner/c.png')]
    (tmp_path / '.hidden').write_text('')
    (tmp_path / 'Thumbs.db').write_text('')
    assert image_files(tmp_path) == [files[1], files[0], files[2]]
    assert image_files([files[0], str(tmp_path / 'inner')]) == [files[0], files[2]]


def test_images_to_predict_have_the_shape_of_the_task(save, tmp_path):
    save('a.png', COLOUR)
    save('b.png', COLOUR[:3, :, 0])
    images = read_images(tmp_path, (6, 5, 3))
    assert images.shape == (2, 6, 5, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[0], COLOUR)
    scaled = read_images(tmp_path, (6, 5, 3), white=1.0)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, images / 255, atol=1e-6)


def test_a_file_that_is_no_image_is_named(tmp_path):
    (tmp_path / 'notes.png').write_text('no image')
    with pytest.raises(InputError, match=r'notes\.png: is no image') as caught:
        read_images(tmp_path, (6, 5, 3))
    assert '\n' not in str(caught.value)


def test_a_cut_off_file_is_named(save, tmp_path):
    file = save('a.png', np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8))
    file.write_bytes(file.read_bytes()[:9000])
    with pytest.raises(InputError, match=r'a\.png: is no image that can be read \(.*truncated'):
        read_image(file, None, 3)


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(InputError, match=r'nowhere: no such file or folder'):
        image_files(tmp_path / 'nowhere')
    with pytest.raises(InputError, match='there are no images'):
        image_files(tmp_path)
    with pytest.raises(InputError, match='there are no images'):
        image_files([])


def test_images_of_many_channels_cannot_be_read_from_files(tmp_path):
    with pytest.raises(InputError, match='images of 5 channels'):
        read_images(tmp_path, (6, 5, 5))
