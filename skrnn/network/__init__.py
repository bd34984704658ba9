"""What is trained: this floor knows Keras and TensorFlow, and knows no scikit-learn.

All of it is private and may change without notice.
"""
