"""Package metadata: TensorFlow is chosen by an extra, never installed behind the user's back."""

from pathlib import Path

import setuptools

HERE = Path(__file__).parent
RAY = 'ray>=2.60'  # an executor that is optional, and that the tests run

setuptools.setup(
    name='nao_tf',
    version='0.1.0',
    description='Neural Architecture Optimization for TensorFlow 2 and Keras 3',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=setuptools.find_namespace_packages(include=['nao_tf', 'nao_tf.*']),
    package_data={'nao_tf': ['py.typed']},
    python_requires='>=3.11',
    install_requires=[
        'absl-py>=2.1',
        'importlib_resources>=6',  # which tensorflow-datasets imports without asking for it
        'keras>=3.13.2',  # older ones run code of a .keras file in spite of safe mode (CVE-2026-1462 and others)
        'keras-tuner>=1.4.7',
        'matplotlib>=3.8',
        'ml_collections>=1.0',
        'numpy>=1.26',
        'pillow>=10',
        'platformdirs>=4',
        'rich>=13',
        'scikit-learn>=1.4',
        'scipy>=1.12',
        'tensorboard>=2.20',  # KerasTuner's Tuner imports it at every trial without asking for it
        'tensorflow-datasets>=4.9.6',
        'threadpoolctl>=3.1',
        'wrapt>=1.14',
    ],
    extras_require={
        # tensorflow-cpu has wheels for x86-64 Linux and Windows only; elsewhere tensorflow is the CPU build.
        'cpu': [
            'tensorflow-cpu>=2.20,<2.22; platform_machine == "x86_64" and sys_platform == "linux"',
            'tensorflow>=2.20,<2.22; platform_machine != "x86_64" or sys_platform != "linux"',
        ],
        'gpu': ['tensorflow[and-cuda]>=2.20,<2.22'],
        # A newer libtpu aborts `import tensorflow` (tensorflow-tpu 2.20.0 is the newest release).
        'tpu': ['tensorflow-tpu==2.20.0', 'libtpu==0.0.21'],
        # tools/tpu_compile.py leans on private interfaces of jax, hence exact versions.
        'tpu-check': ['jax==0.10.2', 'jaxlib==0.10.2', 'libtpu==0.0.52'],
        'ray': [RAY],
        'test': [
            'hypothesis>=6.100',
            'ipykernel>=6.29',
            'mypy>=1.10',
            'nbclient>=0.10',
            'psutil>=5.9',
            'pytest-xdist>=3.5',
            'pytest>=8',
            'ruff>=0.5',
            RAY,
        ],
    },
    entry_points={'console_scripts': ['nao=nao_tf.cli:run']},
)
