"""What is trained: this floor knows Keras and TensorFlow, and knows no scikit-learn."""
